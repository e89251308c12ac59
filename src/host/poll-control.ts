import { KVM_POLL_CONTROL_RESERVED_MASK } from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_FAULT, MSR_OK, type MsrResult } from './msr-result.ts';
import { VCPU } from './records.ts';

/**
 * WRMSR of 0x4b564d05: whether the host may poll for a while before it blocks this vCPU. What a
 * halted vCPU makes of it is `noPoll` of `halt.ts`. Source: `kvm_set_msr_common`.
 */
export function writePollControl(kvm: Kvm, vcpu: VcpuRecord, value: bigint): MsrResult {
  if ((value & KVM_POLL_CONTROL_RESERVED_MASK) !== 0n) return MSR_FAULT;
  kvm.memory.store64(vcpu + VCPU.pollControl, value);
  return MSR_OK;
}
