import type { ClockData } from './clock-ioctls.ts';
import type { Kvm } from './kvm.ts';
import { createRecords, type MachineSpec } from './machine.ts';
import { VCPU, VM } from './records.ts';
import { KVM_REQ_USER_EXIT } from './requests.ts';
import { type PageRange, sharedRanges, storeSharedRanges } from './shared-ranges.ts';
import type { SavedVcpu } from './vcpu-state.ts';

/** What goes from one host to the other besides guest RAM, which stays where it is here. */
export interface SavedVm {
  readonly clock: ClockData;
  readonly vcpus: readonly SavedVcpu[];
  /** MSR 0x4b564d08, which is the VMM's own. */
  readonly migrationControl: bigint;
  readonly sharedRanges: readonly PageRange[];
}

/**
 * Moves the VM to another host: stop, save, create, restore, run. Called by the VMM's own thread.
 * Returns false, with the VM running where it was, if the guest does not allow it. Source:
 * Documentation/virt/kvm/api.rst, Documentation/virt/kvm/x86/hypercalls.rst.
 *
 * @param destination the same machine on another host: what differs is the host's TSC and clocks
 */
export function migrate(kvm: Kvm, destination: MachineSpec): boolean {
  const { ops } = kvm;
  ops.stopVcpus(kvm);
  // Asked while nobody can take it back: pairs with the guest's WRMSR of MIGRATION_CONTROL.
  if (!ops.mayMigrate(kvm)) {
    ops.resumeVcpus(kvm);
    return false;
  }
  ops.moveVm(kvm, destination);
  ops.resumeVcpus(kvm);
  return true;
}

/** All of it that happens while the vCPUs are in user space. */
export function moveVm(kvm: Kvm, destination: MachineSpec): void {
  const { ops } = kvm;
  const saved = ops.saveVm(kvm);
  ops.createOnHost(kvm, destination);
  ops.restoreVm(kvm, saved);
  ops.tellGuestStopped(kvm);
}

/** Saves the VM, whose vCPUs are all in user space. */
export function saveVm(kvm: Kvm): SavedVm {
  const { ops } = kvm;
  return {
    clock: ops.getClock(kvm),
    vcpus: Array.from({ length: kvm.vcpuCount }, (_, id) => ops.saveVcpu(kvm, kvm.vcpu(id))),
    migrationControl: kvm.memory.load64(kvm.vm + VM.migrationControl),
    sharedRanges: sharedRanges(kvm),
  };
}

/**
 * VM fields that are the VMM's configuration (what it had asked for, it asks for again), and which pages
 * are missing: the other host has the same ones to bring in, by post-copy.
 */
const CONFIGURATION: ReadonlySet<number> = new Set([
  VM.exitHypercalls,
  VM.exitHypercalls + 4,
  VM.userSpaceMsrMask,
  VM.disabledExits,
  VM.msrFilter,
  VM.msrFilterFlags,
  VM.msrFilterRanges,
  VM.hostPages,
]);

/** vCPU fields that speak of threads and physical CPUs: those of the new host take the others' place. */
const THREADS: ReadonlySet<number> = new Set([
  VCPU.requests,
  VCPU.kick,
  VCPU.inKvmRun,
  VCPU.hasRun,
  VCPU.asyncPf,
]);

/**
 * The VMM on the other host creates the VM: of what KVM knew here nothing is left. The VM's clock
 * starts at 0. Source: `kvm_arch_init_vm`, `kvm_arch_vcpu_create`.
 */
export function createOnHost(kvm: Kvm, destination: MachineSpec): void {
  const { memory, ops, vm } = kvm;
  for (let field = 0; field < VM.filterRows; field += 4) {
    if (!CONFIGURATION.has(field)) memory.store32(vm + field, 0);
  }
  for (let id = 0; id < destination.vcpus; id++) {
    const vcpu = kvm.vcpu(id);
    ops.renewAsyncPf(kvm, vcpu);
    for (let field = 0; field < VCPU.cpuidRows; field += 4) {
      if (!THREADS.has(field)) memory.store32(vcpu + field, 0);
    }
    // The signal that holds the thread in user space is still to be taken back.
    memory.lockAnd32(vcpu + VCPU.requests, KVM_REQ_USER_EXIT);
  }
  createRecords(destination, vm, memory);
  memory.store64(vm + VM.kvmclockOffset, BigInt.asUintN(64, -ops.bootRawNs(kvm)));
}

/**
 * Restores what was saved, memory being there: first the clock, then the vCPUs, whose SYSTEM_TIME has
 * it published at their entry. Fact sheet 3.5.
 */
export function restoreVm(kvm: Kvm, saved: SavedVm): void {
  kvm.ops.restoreClock(kvm, saved.clock);
  kvm.ops.restoreState(kvm, saved);
}

/** Everything else: the vCPUs, and what the VMM keeps for itself. */
export function restoreState(kvm: Kvm, saved: SavedVm): void {
  const { memory, ops, vm } = kvm;
  saved.vcpus.forEach((vcpu, id) => {
    ops.restoreVcpu(kvm, kvm.vcpu(id), vcpu);
  });
  memory.store64(vm + VM.migrationControl, saved.migrationControl);
  storeSharedRanges(kvm, saved.sharedRanges);
}

/** The clock continues from where it was, plus the CLOCK_REALTIME that has passed since. */
export function restoreClock(kvm: Kvm, clock: ClockData): void {
  kvm.ops.setClock(kvm, clock);
}

/**
 * Every vCPU is told that it was stopped; one without a clock area cannot be. After the areas have been
 * restored, for the flag is KVM's until the next entry publishes it.
 */
export function tellGuestStopped(kvm: Kvm): void {
  for (let id = 0; id < kvm.vcpuCount; id++) kvm.ops.setGuestPaused(kvm, kvm.vcpu(id));
}
