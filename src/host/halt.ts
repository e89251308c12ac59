import { type GuestState, NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

/** HLT: sleeps until the vCPU has something to do. Source: `kvm_emulate_halt`, `kvm_vcpu_block`. */
export function haltVcpu(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): void {
  const { memory, ops } = kvm;
  memory.store32(vcpu + VCPU.halted, 1);
  // Halted before the look for work: pairs with the locked cmpxchg in kickVcpu, after which the waker
  // looks at `halted`. One of the two sees the other.
  memory.mb();
  while (!ops.vcpuHasWork(kvm, vcpu, guest)) {
    kvm.cpu.sleepUntilKick(vcpu + VCPU.kick);
    kvm.cpu.acknowledgeKick(vcpu + VCPU.kick);
  }
  memory.store32(vcpu + VCPU.halted, 0);
}

/** Whether a halted vCPU may run. Source: `kvm_vcpu_has_events`. */
export function vcpuHasWork(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): boolean {
  return guest.interruptFlag && kvm.ops.pendingInterrupt(kvm, vcpu) !== NO_VECTOR;
}
