import { KVM_POLL_CONTROL_ENABLED, MSR_KVM_POLL_CONTROL } from '../abi/msr.ts';
import { type GuestState, NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';

/** HLT: waits until the vCPU has something to do. Source: `kvm_emulate_halt`, `kvm_vcpu_halt`. */
export function haltVcpu(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): void {
  const { memory, ops } = kvm;
  memory.store32(vcpu + VCPU.halted, 1);
  // Halted before the look for work: pairs with the locked cmpxchg in kickVcpu, after which the waker
  // looks at `halted`. One of the two sees the other.
  memory.mb();
  let work = !ops.noPoll(kvm, vcpu) && ops.pollHalted(kvm, vcpu, guest);
  // The VMM may make the vCPU runnable while it has it stopped.
  while (!work && memory.load32(vcpu + VCPU.halted) !== 0) {
    work = ops.vcpuHasWork(kvm, vcpu, guest);
    if (work) break;
    if (ops.signalPending(kvm, vcpu)) ops.waitInUserSpace(kvm, vcpu);
    else ops.blockVcpu(kvm, vcpu);
  }
  ops.makeRunnable(kvm, vcpu);
}

/** Sleeps until somebody kicks the vCPU, or for no reason a little less. Source: `kvm_vcpu_block`. */
export function blockVcpu(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.cpu.sleepUntilKick(vcpu + VCPU.kick);
  kvm.cpu.acknowledgeKick(vcpu + VCPU.kick);
}

/** Whether the guest polls by itself before it halts, so that the host need not. Source: `kvm_arch_no_poll`. */
export function noPoll(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const access = { index: MSR_KVM_POLL_CONTROL, hostInitiated: true };
  const value = kvm.ops.getMsr(kvm, vcpu, access) ?? KVM_POLL_CONTROL_ENABLED;
  return (value & KVM_POLL_CONTROL_ENABLED) === 0n;
}

/** Looks for work a few times without a pause; whether there was some. Source: `kvm_vcpu_halt`. */
export function pollHalted(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): boolean {
  const polls = kvm.memory.load32(kvm.vm + VM.haltPolls);
  for (let poll = 0; poll < polls; poll++) {
    if (kvm.ops.vcpuHasWork(kvm, vcpu, guest)) return true;
  }
  return false;
}

/** Whether a halted vCPU may run. Source: `kvm_vcpu_has_events`. */
export function vcpuHasWork(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): boolean {
  if (kvm.memory.load32(vcpu + VCPU.pvUnhalted) !== 0) return true;
  if (kvm.ops.pageIsDone(kvm, vcpu)) return true;
  return guest.interruptFlag && kvm.ops.pendingInterrupt(kvm, vcpu) !== NO_VECTOR;
}
