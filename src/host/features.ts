import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

/**
 * Whether the guest may use a paravirtual feature: always, unless the VMM asked for enforcement
 * (`KVM_CAP_ENFORCE_PV_FEATURE_CPUID`); then what its CPUID says. Source: `guest_pv_has`.
 *
 * @param feature bit number in EAX of the feature leaf
 */
export function guestPvHas(kvm: Kvm, vcpu: VcpuRecord, feature: number): boolean {
  if (kvm.memory.load32(vcpu + VCPU.enforcePvFeatureCpuid) === 0) return true;
  return cpuidOffers(kvm, vcpu, feature);
}

/** Whether the vCPU's own CPUID offers a feature, enforced or not. */
export function cpuidOffers(kvm: Kvm, vcpu: VcpuRecord, feature: number): boolean {
  return (kvm.memory.load32(vcpu + VCPU.features) & (1 << feature)) !== 0;
}
