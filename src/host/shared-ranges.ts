import type { Kvm } from './kvm.ts';
import { MAX_SHARED_RANGES, SHARED_RANGE, VM } from './records.ts';

/** Guest memory in 4096-byte pages. */
export interface PageRange {
  readonly firstPage: bigint;
  readonly pages: bigint;
}

/**
 * The ranges that the guest has told the VMM to be shared (not encrypted), in order, none touching
 * the next. They go with the VM when it migrates.
 */
export function sharedRanges(kvm: Kvm): readonly PageRange[] {
  const { memory, vm } = kvm;
  const length = memory.load32(vm + VM.sharedRanges);
  return Array.from({ length }, (_, index) => {
    const row = vm + VM.sharedRows + index * SHARED_RANGE.bytes;
    return {
      firstPage: memory.load64(row + SHARED_RANGE.firstPage),
      pages: memory.load64(row + SHARED_RANGE.pages),
    };
  });
}

/**
 * Puts a range into the list or takes it out. False, and no change, where the list would not fit. Two
 * vCPUs may call at once, each on its own thread of the VMM.
 */
export function setShared(kvm: Kvm, range: PageRange, shared: boolean): boolean {
  return withSharedRanges(kvm, () => kvm.ops.changeSharedRanges(kvm, range, shared));
}

/** Does something with the list that no other thread of the VMM may come between. */
export function withSharedRanges<Result>(kvm: Kvm, use: () => Result): Result {
  const { memory, vm } = kvm;
  while (memory.lockCmpxchg32(vm + VM.sharedRangesLock, 0, 1) !== 0) kvm.cpu.relax();
  const result = use();
  // The rows before the lock is free: pairs with the locked cmpxchg of whoever takes it next.
  memory.wmb();
  memory.store32(vm + VM.sharedRangesLock, 0);
  return result;
}

/** The change itself, by the thread that holds the list. */
export function changeSharedRanges(kvm: Kvm, range: PageRange, shared: boolean): boolean {
  const rest = without(sharedRanges(kvm), range);
  return storeSharedRanges(kvm, shared ? joined([...rest, range]) : rest);
}

/** Replaces the list, as a VMM does that receives the VM. */
export function storeSharedRanges(kvm: Kvm, ranges: readonly PageRange[]): boolean {
  const { memory, vm } = kvm;
  if (ranges.length > MAX_SHARED_RANGES) return false;
  ranges.forEach((range, index) => {
    const row = vm + VM.sharedRows + index * SHARED_RANGE.bytes;
    memory.store64(row + SHARED_RANGE.firstPage, range.firstPage);
    memory.store64(row + SHARED_RANGE.pages, range.pages);
  });
  memory.store32(vm + VM.sharedRanges, ranges.length);
  return true;
}

const endOf = ({ firstPage, pages }: PageRange): bigint => firstPage + pages;

/** What of the ranges lies outside of `hole`. */
function without(ranges: readonly PageRange[], hole: PageRange): readonly PageRange[] {
  return ranges.flatMap((range) => {
    const before = least(hole.firstPage, endOf(range)) - range.firstPage;
    const afterStart = greatest(endOf(hole), range.firstPage);
    return [
      { firstPage: range.firstPage, pages: before },
      { firstPage: afterStart, pages: endOf(range) - afterStart },
    ].filter(({ pages }) => pages > 0n);
  });
}

/** The same pages in order, with ranges that touch made one. They do not overlap. */
function joined(ranges: readonly PageRange[]): readonly PageRange[] {
  const result: PageRange[] = [];
  for (const range of [...ranges].sort((a, b) => (a.firstPage < b.firstPage ? -1 : 1))) {
    const last = result.at(-1);
    if (last !== undefined && endOf(last) === range.firstPage) {
      result[result.length - 1] = { firstPage: last.firstPage, pages: last.pages + range.pages };
    } else {
      result.push(range);
    }
  }
  return result;
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
