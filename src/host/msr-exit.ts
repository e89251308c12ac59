import {
  KVM_EXIT_X86_RDMSR,
  KVM_EXIT_X86_WRMSR,
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
} from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { KVM_MSR_FILTER_READ, KVM_MSR_FILTER_WRITE } from './msr-filter.ts';
import { MSR_FAULT, MSR_OK, MSR_UNSUPPORTED } from './msr-result.ts';
import { VM } from './records.ts';

/** An exit to user space over an MSR, as `struct kvm_run` tells it. */
export interface MsrExit {
  /** `KVM_EXIT_X86_RDMSR` or `KVM_EXIT_X86_WRMSR`. */
  readonly exit: typeof KVM_EXIT_X86_RDMSR | typeof KVM_EXIT_X86_WRMSR;
  readonly index: number;
  /** What the guest writes; 0 for a read. */
  readonly data: bigint;
  /** One of `KVM_MSR_EXIT_REASON_*`. */
  readonly reason: number;
}

/** An instruction of the guest that KVM could not end by itself, or its value. */
type Refusal = typeof REFUSED;
const REFUSED = undefined;

/** WRMSR of a guest: false for #GP. Source: `kvm_emulate_wrmsr`, `kvm_set_msr_with_filter`. */
export function emulateWrmsr(kvm: Kvm, vcpu: VcpuRecord, index: number, value: bigint): boolean {
  const { ops } = kvm;
  const write = { exit: KVM_EXIT_X86_WRMSR, index, data: value } as const;
  if (!ops.msrAllowed(kvm, index, KVM_MSR_FILTER_WRITE)) {
    return askUserSpace(kvm, vcpu, { ...write, reason: KVM_MSR_EXIT_REASON_FILTER }) !== REFUSED;
  }
  const result = ops.setMsr(kvm, vcpu, { index, hostInitiated: false }, value);
  if (result === MSR_OK) return true;
  return askUserSpace(kvm, vcpu, { ...write, reason: reasonOf(result) }) !== REFUSED;
}

/** RDMSR of a guest: undefined for #GP. Source: `kvm_emulate_rdmsr`, `kvm_get_msr_with_filter`. */
export function emulateRdmsr(kvm: Kvm, vcpu: VcpuRecord, index: number): bigint | undefined {
  const { ops } = kvm;
  const read = { exit: KVM_EXIT_X86_RDMSR, index, data: 0n } as const;
  if (!ops.msrAllowed(kvm, index, KVM_MSR_FILTER_READ)) {
    return askUserSpace(kvm, vcpu, { ...read, reason: KVM_MSR_EXIT_REASON_FILTER });
  }
  const value = ops.getMsr(kvm, vcpu, { index, hostInitiated: false });
  if (value !== undefined) return value;
  return askUserSpace(kvm, vcpu, { ...read, reason: reasonOf(MSR_UNSUPPORTED) });
}

/** Source: `kvm_msr_reason`. */
function reasonOf(result: typeof MSR_FAULT | typeof MSR_UNSUPPORTED): number {
  return result === MSR_FAULT ? KVM_MSR_EXIT_REASON_INVAL : KVM_MSR_EXIT_REASON_UNKNOWN;
}

/** The VMM's answer where it wants to be asked, else #GP. Source: `kvm_msr_user_space`. */
function askUserSpace(kvm: Kvm, vcpu: VcpuRecord, exit: MsrExit): bigint | Refusal {
  const wanted = kvm.memory.load32(kvm.vm + VM.userSpaceMsrMask) & exit.reason;
  return wanted === 0 ? REFUSED : kvm.ops.vmmServesMsr(kvm, vcpu, exit);
}
