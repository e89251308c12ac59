import {
  CPUID_HYPERVISOR_BIT,
  KVM_CPUID_SIGNATURE,
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE_STABLE_BIT,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_SIGNATURE_EBX,
  KVM_SIGNATURE_ECX,
  KVM_SIGNATURE_EDX,
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
  PVCLOCK_TSC_STABLE_BIT,
} from '../abi/index.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Detection } from './roles.ts';

const LEAF_STEP = 0x100;
const LAST_BASE = 0x40010000;

/** Base of the KVM leaves, or 0 where there is no KVM. Source: `hypervisor_cpuid_base`. */
export function kvmCpuidBase(cpu: Vcpu): number {
  if ((cpu.cpuid(1).ecx & (1 << CPUID_HYPERVISOR_BIT)) === 0) return 0;
  for (let base = KVM_CPUID_SIGNATURE; base < LAST_BASE; base += LEAF_STEP) {
    const { ebx, ecx, edx } = cpu.cpuid(base);
    if (ebx === KVM_SIGNATURE_EBX && ecx === KVM_SIGNATURE_ECX && edx === KVM_SIGNATURE_EDX) {
      return base;
    }
  }
  return 0;
}

/**
 * Which MSRs of kvmclock to use. Source: `kvmclock_init`. (The detection snippet of the original
 * document tests `flags & 3` and `flags & 0`: the first is true for NOP_IO_DELAY, the second never.)
 */
export function detect(cpu: Vcpu): Detection {
  const base = kvmCpuidBase(cpu);
  if (base === 0) return undefined;
  const features = cpu.cpuid(base + 1).eax;
  const has = (feature: number): boolean => (features & (1 << feature)) !== 0;
  const validFlags = has(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT) ? PVCLOCK_TSC_STABLE_BIT : 0;
  if (has(KVM_FEATURE_CLOCKSOURCE2)) {
    return { systemTime: MSR_KVM_SYSTEM_TIME_NEW, wallClock: MSR_KVM_WALL_CLOCK_NEW, validFlags };
  }
  if (has(KVM_FEATURE_CLOCKSOURCE)) {
    return { systemTime: MSR_KVM_SYSTEM_TIME, wallClock: MSR_KVM_WALL_CLOCK, validFlags };
  }
  return undefined;
}
