import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

/**
 * KVM_HC_KICK_CPU: ends a vCPU's halt, or its next one. An id that does not exist is ignored.
 * Source: `kvm_pv_kick_cpu_op`.
 */
export function kickCpu(kvm: Kvm, apicId: number): void {
  if (apicId >= kvm.vcpuCount) return;
  const target = kvm.vcpu(apicId);
  // Latched before the look whether the target sleeps: pairs with the barrier in haltVcpu, between
  // `halted` and the look for work. And a target that has not come to its HLT yet finds the latch there.
  kvm.memory.store32(target + VCPU.pvUnhalted, 1);
  kvm.ops.kickVcpu(kvm, target);
}

/** The vCPU leaves its halt; the kick that ended it is used up. Source: `kvm_set_mp_state`. */
export function makeRunnable(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.memory.store32(vcpu + VCPU.halted, 0);
  kvm.memory.store32(vcpu + VCPU.pvUnhalted, 0);
}
