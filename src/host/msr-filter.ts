import { KVM_EINVAL } from '../abi/index.ts';
import type { Kvm } from './kvm.ts';
import { MAX_MSR_FILTER_RANGES, MSR_FILTER_RANGE, VM } from './records.ts';

/** Flag of a filter: what no range speaks of is denied. Source: arch/x86/include/uapi/asm/kvm.h. */
export const KVM_MSR_FILTER_DEFAULT_DENY = 1 << 0;
/** Flags of a range: the accesses that its bitmap decides. */
export const KVM_MSR_FILTER_READ = 1 << 0;
export const KVM_MSR_FILTER_WRITE = 1 << 1;

/** `struct kvm_msr_filter_range`, here of up to 64 MSRs. */
export interface MsrFilterRange {
  /** `KVM_MSR_FILTER_READ`, `KVM_MSR_FILTER_WRITE`. */
  readonly flags: number;
  /** First index. */
  readonly base: number;
  /** How many MSRs, 1 to 64. */
  readonly count: number;
  /** A bit for each, the lowest for `base`: 1 lets the access through. */
  readonly bitmap: bigint;
}

/** `struct kvm_msr_filter`. Without ranges it is no filter. */
export interface MsrFilter {
  readonly flags: number;
  readonly ranges: readonly MsrFilterRange[];
}

/** KVM_X86_SET_MSR_FILTER: 0, or -EINVAL. Source: `kvm_vm_ioctl_set_msr_filter`. */
export function setMsrFilter(kvm: Kvm, filter: MsrFilter): number {
  const { memory, vm } = kvm;
  const { flags, ranges } = filter;
  if ((flags & ~KVM_MSR_FILTER_DEFAULT_DENY) !== 0) return -KVM_EINVAL;
  if (ranges.length > MAX_MSR_FILTER_RANGES || !ranges.every(isRange)) return -KVM_EINVAL;
  // A filter that denies everything and lets nothing through is refused.
  if (ranges.length === 0 && flags !== 0) return -KVM_EINVAL;
  ranges.forEach((range, index) => {
    const row = vm + VM.filterRows + index * MSR_FILTER_RANGE.bytes;
    memory.store32(row + MSR_FILTER_RANGE.flags, range.flags);
    memory.store32(row + MSR_FILTER_RANGE.base, range.base);
    memory.store32(row + MSR_FILTER_RANGE.count, range.count);
    memory.store64(row + MSR_FILTER_RANGE.bitmap, range.bitmap);
  });
  memory.store32(vm + VM.msrFilterFlags, flags);
  memory.store32(vm + VM.msrFilterRanges, ranges.length);
  memory.store32(vm + VM.msrFilter, ranges.length === 0 ? 0 : 1);
  return 0;
}

function isRange({ flags, count }: MsrFilterRange): boolean {
  const known = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;
  return flags !== 0 && (flags & ~known) === 0 && count >= 1 && count <= 64;
}

/**
 * Whether the guest may make an access. The host's own accesses are never filtered. Source:
 * `kvm_msr_allowed`.
 *
 * @param type `KVM_MSR_FILTER_READ` or `KVM_MSR_FILTER_WRITE`
 */
export function msrAllowed(kvm: Kvm, index: number, type: number): boolean {
  const { memory, vm } = kvm;
  if (memory.load32(vm + VM.msrFilter) === 0) return true;
  const ranges = memory.load32(vm + VM.msrFilterRanges);
  for (let number = 0; number < ranges; number++) {
    const row = vm + VM.filterRows + number * MSR_FILTER_RANGE.bytes;
    const bit = index - memory.load32(row + MSR_FILTER_RANGE.base);
    const inside = bit >= 0 && bit < memory.load32(row + MSR_FILTER_RANGE.count);
    if (inside && (memory.load32(row + MSR_FILTER_RANGE.flags) & type) !== 0) {
      return ((memory.load64(row + MSR_FILTER_RANGE.bitmap) >> BigInt(bit)) & 1n) === 1n;
    }
  }
  return (memory.load32(vm + VM.msrFilterFlags) & KVM_MSR_FILTER_DEFAULT_DENY) === 0;
}
