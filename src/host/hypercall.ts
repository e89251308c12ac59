import { KVM_ENOSYS } from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';

/** A hypercall from CPL 0 in 64-bit mode: what RAX holds afterwards. Source: `____kvm_emulate_hypercall`. */
export function hypercall(
  _kvm: Kvm,
  _vcpu: VcpuRecord,
  _nr: number,
  _a0: bigint,
  _a1: bigint,
  _a2: bigint,
  _a3: bigint,
): bigint {
  return BigInt(-KVM_ENOSYS);
}
