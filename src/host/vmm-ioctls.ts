import {
  KVM_E2BIG,
  KVM_EINVAL,
  KVM_EXIT_HYPERCALL_VALID_MASK,
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
  MSRS,
} from '../abi/index.ts';
import {
  DISABLE_EXITS,
  KVM_CAP_ENFORCE_PV_FEATURE_CPUID,
  KVM_CAP_EXIT_HYPERCALL,
  KVM_CAP_X86_DISABLE_EXITS,
  KVM_CAP_X86_USER_SPACE_MSR,
} from './capabilities.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_OK } from './msr-result.ts';
import { VCPU, VM } from './records.ts';

/**
 * What a VMM asks of KVM, ioctl by ioctl. Errors come back negative, as a system call returns them.
 * The other ioctls are operations of their own: `setCpuid`, `getClock`, `setClock`, `setTscKhz`,
 * `setMsrFilter`.
 */

/** One entry of `struct kvm_msrs`. */
export interface MsrEntry {
  readonly index: number;
  readonly data: bigint;
}

/** Entries of one list, less one: the limit is itself refused. Source: `MAX_IO_MSRS`. */
const MAX_IO_MSRS = 256;

/**
 * KVM_SET_MSRS: writes in order up to the first that is refused, and returns how many were done, or
 * -E2BIG. Source: `msr_io`, `__msr_io`.
 */
export function setMsrs(kvm: Kvm, vcpu: VcpuRecord, entries: readonly MsrEntry[]): number {
  if (entries.length >= MAX_IO_MSRS) return -KVM_E2BIG;
  const refused = entries.findIndex(({ index, data }) => {
    return kvm.ops.setMsr(kvm, vcpu, { index, hostInitiated: true }, data) !== MSR_OK;
  });
  return refused === -1 ? entries.length : refused;
}

/** KVM_GET_MSRS: what was read up to the first that is refused; -E2BIG in place of a list too long. */
export function getMsrs(
  kvm: Kvm,
  vcpu: VcpuRecord,
  indices: readonly number[],
): readonly MsrEntry[] | number {
  if (indices.length >= MAX_IO_MSRS) return -KVM_E2BIG;
  const entries: MsrEntry[] = [];
  for (const index of indices) {
    const data = kvm.ops.getMsr(kvm, vcpu, { index, hostInitiated: true });
    if (data === undefined) break;
    entries.push({ index, data });
  }
  return entries;
}

/** One MSR by KVM_SET_MSRS: whether it was accepted. */
export function setOneMsr(kvm: Kvm, vcpu: VcpuRecord, index: number, data: bigint): boolean {
  return setMsrs(kvm, vcpu, [{ index, data }]) === 1;
}

/** One MSR by KVM_GET_MSRS; undefined where it cannot be read. */
export function getOneMsr(kvm: Kvm, vcpu: VcpuRecord, index: number): bigint | undefined {
  const entries = getMsrs(kvm, vcpu, [index]);
  return typeof entries === 'number' ? undefined : entries[0]?.data;
}

/** KVM_GET_MSR_INDEX_LIST, as far as this interface goes. */
export function msrIndexList(): readonly number[] {
  return MSRS.filter(({ inIndexList }) => inIndexList).map(({ index }) => index);
}

/** `struct kvm_enable_cap`. */
export interface EnableCap {
  readonly cap: number;
  readonly flags?: number;
  /** args[0]. */
  readonly arg: bigint;
}

/** KVM_ENABLE_CAP on a vCPU. Source: `kvm_vcpu_ioctl_enable_cap`. */
export function enableVcpuCap(
  kvm: Kvm,
  vcpu: VcpuRecord,
  { cap, flags = 0, arg }: EnableCap,
): number {
  if (flags !== 0 || cap !== KVM_CAP_ENFORCE_PV_FEATURE_CPUID) return -KVM_EINVAL;
  kvm.memory.store32(vcpu + VCPU.enforcePvFeatureCpuid, arg === 0n ? 0 : 1);
  return 0;
}

const MSR_EXIT_REASONS = BigInt(
  KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER,
);

/** KVM_ENABLE_CAP on a VM. Source: `kvm_vm_ioctl_enable_cap`. */
export function enableVmCap(kvm: Kvm, { cap, flags = 0, arg }: EnableCap): number {
  const { memory, vm } = kvm;
  if (flags !== 0) return -KVM_EINVAL;
  switch (cap) {
    case KVM_CAP_EXIT_HYPERCALL:
      if ((arg & ~KVM_EXIT_HYPERCALL_VALID_MASK) !== 0n) return -KVM_EINVAL;
      memory.store64(vm + VM.exitHypercalls, arg);
      return 0;
    case KVM_CAP_X86_USER_SPACE_MSR:
      if ((arg & ~MSR_EXIT_REASONS) !== 0n) return -KVM_EINVAL;
      memory.store32(vm + VM.userSpaceMsrMask, Number(arg));
      return 0;
    case KVM_CAP_X86_DISABLE_EXITS:
      if ((arg & ~BigInt(DISABLE_EXITS)) !== 0n) return -KVM_EINVAL;
      memory.store32(vm + VM.disabledExits, memory.load32(vm + VM.disabledExits) | Number(arg));
      return 0;
    default:
      return -KVM_EINVAL;
  }
}
