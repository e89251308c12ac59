import {
  KVM_FEATURE_ASYNC_PF,
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_MIGRATION_CONTROL,
  KVM_FEATURE_PV_EOI,
  KVM_FEATURE_STEAL_TIME,
} from '../abi/cpuid.ts';
import {
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_MIGRATION_CONTROL,
  MSR_KVM_PV_EOI_EN,
  MSR_KVM_STEAL_TIME,
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
} from '../abi/msr.ts';
import type { Vcpu } from '../cpu/vcpu.ts';

const OFF = 0n;

/**
 * Gives up everything that the host writes for this vCPU, with interrupts off: its memory may be used
 * for something else from here on. Source: `kvm_guest_cpu_offline`.
 *
 * @param at.features EAX of the feature leaf
 */
export function cpuOffline(cpu: Vcpu, at: { readonly features: number }): void {
  const has = (feature: number): boolean => (at.features & (1 << feature)) !== 0;
  if (has(KVM_FEATURE_STEAL_TIME)) cpu.wrmsr(MSR_KVM_STEAL_TIME, OFF);
  if (has(KVM_FEATURE_PV_EOI)) cpu.wrmsr(MSR_KVM_PV_EOI_EN, OFF);
  if (has(KVM_FEATURE_MIGRATION_CONTROL)) cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, OFF);
  if (has(KVM_FEATURE_ASYNC_PF)) cpu.wrmsr(MSR_KVM_ASYNC_PF_EN, OFF);
  if (has(KVM_FEATURE_CLOCKSOURCE2)) cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, OFF);
  else if (has(KVM_FEATURE_CLOCKSOURCE)) cpu.wrmsr(MSR_KVM_SYSTEM_TIME, OFF);
}
