import {
  KVM_E2BIG,
  KVM_EINVAL,
  KVM_ENOSYS,
  KVM_EXIT_HYPERCALL_LONG_MODE,
  KVM_HC_MAP_GPA_RANGE,
  KVM_MAP_GPA_RANGE_ENCRYPTED,
  KVM_MAP_GPA_RANGE_PAGE_SZ_1G,
  KVM_MAP_GPA_RANGE_PAGE_SZ_MASK,
  KVM_MAP_GPA_RANGE_RESERVED_MASK,
} from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VM } from './records.ts';

const PAGE_SHIFT = 12n;
const PAGE_MASK = (1n << PAGE_SHIFT) - 1n;

/** An exit to user space over a hypercall, as `struct kvm_run` tells it. */
export interface HypercallExit {
  readonly nr: number;
  /** Address, number of 4096-byte pages, attributes. */
  readonly args: readonly [gpa: bigint, pages: bigint, attributes: bigint];
  /** `KVM_EXIT_HYPERCALL_LONG_MODE`. */
  readonly flags: bigint;
}

/**
 * KVM_HC_MAP_GPA_RANGE: the VMM's answer. KVM looks neither at the attributes nor whether there is
 * memory. Source: `____kvm_emulate_hypercall`.
 */
export function mapGpaRange(
  kvm: Kvm,
  vcpu: VcpuRecord,
  gpa: bigint,
  pages: bigint,
  attributes: bigint,
  longMode: boolean,
): bigint {
  const enabled = kvm.memory.load64(kvm.vm + VM.exitHypercalls);
  if ((enabled & (1n << BigInt(KVM_HC_MAP_GPA_RANGE))) === 0n) return BigInt(-KVM_ENOSYS);
  const gfn = gpa >> PAGE_SHIFT;
  // The sum wraps at 64 bits in KVM, and must be greater than what it started from.
  const empty = BigInt.asUintN(64, gfn + pages) <= gfn;
  if ((gpa & PAGE_MASK) !== 0n || pages === 0n || empty) return BigInt(-KVM_EINVAL);
  const flags = longMode ? KVM_EXIT_HYPERCALL_LONG_MODE : 0n;
  const exit = { nr: KVM_HC_MAP_GPA_RANGE, args: [gpa, pages, attributes], flags } as const;
  return kvm.ops.vmmServesHypercall(kvm, vcpu, exit);
}

/**
 * A VMM's answer: 0 or a negative error. This one keeps a list of what the guest shares. Source:
 * Documentation/virt/kvm/x86/hypercalls.rst.
 */
export function vmmServesHypercall(kvm: Kvm, _vcpu: VcpuRecord, exit: HypercallExit): bigint {
  const [gpa, pages, attributes] = exit.args;
  const pageSize = attributes & KVM_MAP_GPA_RANGE_PAGE_SZ_MASK;
  const known = pageSize <= KVM_MAP_GPA_RANGE_PAGE_SZ_1G;
  if ((attributes & KVM_MAP_GPA_RANGE_RESERVED_MASK) !== 0n || !known) return BigInt(-KVM_EINVAL);
  const range = { firstPage: gpa >> PAGE_SHIFT, pages };
  const encrypted = (attributes & KVM_MAP_GPA_RANGE_ENCRYPTED) !== 0n;
  return kvm.ops.setShared(kvm, range, !encrypted) ? 0n : BigInt(-KVM_E2BIG);
}
