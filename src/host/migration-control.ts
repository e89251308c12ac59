import {
  KVM_EXIT_X86_WRMSR,
  KVM_FEATURE_MIGRATION_CONTROL,
  KVM_MIGRATION_READY,
  KVM_MIGRATION_RESERVED_MASK,
  MSR_KVM_MIGRATION_CONTROL,
} from '../abi/index.ts';
import { cpuidOffers } from './features.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import type { MsrExit } from './msr-exit.ts';
import { VM } from './records.ts';

/**
 * A VMM's answer to an MSR exit: the value for the guest (anything for a write), or undefined for
 * #GP. This one serves MSR 0x4b564d08, which KVM does not know, to guests whose CPUID offers it.
 * Source: Documentation/virt/kvm/x86/hypercalls.rst, msr.rst.
 */
export function vmmServesMsr(kvm: Kvm, vcpu: VcpuRecord, exit: MsrExit): bigint | undefined {
  if (exit.index !== MSR_KVM_MIGRATION_CONTROL) return undefined;
  if (!cpuidOffers(kvm, vcpu, KVM_FEATURE_MIGRATION_CONTROL)) return undefined;
  if (exit.exit !== KVM_EXIT_X86_WRMSR) return kvm.memory.load64(kvm.vm + VM.migrationControl);
  if ((exit.data & KVM_MIGRATION_RESERVED_MASK) !== 0n) return undefined;
  kvm.memory.store64(kvm.vm + VM.migrationControl, exit.data);
  return 0n;
}

/** Makes the VMM forget what the guest wrote: at creation, and when the VM is reset. */
export function resetMigrationControl(kvm: Kvm): void {
  const { memory, vm } = kvm;
  const encrypted = memory.load32(vm + VM.encrypted) !== 0;
  // A guest with encrypted memory first tells which ranges it shares.
  memory.store64(vm + VM.migrationControl, encrypted ? 0n : KVM_MIGRATION_READY);
}

/**
 * Whether the VMM may migrate this VM: the guest allows it, or has no way to say. An encrypted guest
 * that has no way to say may not be moved.
 */
export function mayMigrate(kvm: Kvm): boolean {
  const { memory, vm } = kvm;
  return (memory.load64(vm + VM.migrationControl) & KVM_MIGRATION_READY) !== 0n;
}
