import {
  CPUID_HYPERVISOR_BIT,
  KVM_CPUID_SIGNATURE,
  KVM_SIGNATURE_EBX,
  KVM_SIGNATURE_ECX,
  KVM_SIGNATURE_EDX,
} from '../abi/index.ts';
import type { CpuidResult } from '../cpu/vcpu.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

const NOTHING: CpuidResult = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

/** CPUID, as far as this interface goes: leaf 1's hypervisor bit and the KVM range. Source: `kvm_cpuid`. */
export function cpuid(kvm: Kvm, vcpu: VcpuRecord, leaf: number): CpuidResult {
  const { memory } = kvm;
  const base = memory.load32(vcpu + VCPU.cpuidBase);
  if (leaf === 1) return { ...NOTHING, ecx: (1 << CPUID_HYPERVISOR_BIT) >>> 0 };
  if (base === 0 || base < KVM_CPUID_SIGNATURE) return NOTHING;
  if (leaf === base) {
    return {
      eax: base + 1,
      ebx: KVM_SIGNATURE_EBX,
      ecx: KVM_SIGNATURE_ECX,
      edx: KVM_SIGNATURE_EDX,
    };
  }
  if (leaf === base + 1) {
    const eax = memory.load32(vcpu + VCPU.features);
    return { ...NOTHING, eax, edx: memory.load32(vcpu + VCPU.hints) };
  }
  return NOTHING;
}
