import type { HostAddress } from '../memory/memory-port.ts';
import { ASYNC_PF, ASYNC_PF_PER_VCPU } from './async-page-fault-records.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

// The hash of pages that a vCPU has requested, with linear probing; only the vCPU's own thread uses it.

const MASK = ASYNC_PF_PER_VCPU - 1;
const HASH_BITS = Math.log2(ASYNC_PF_PER_VCPU);
const GOLDEN_RATIO_32 = 0x61c8_8647;
const EMPTY = 0;

/** The slot in which the search for a page starts. Source: `kvm_async_pf_hash_fn`. */
export function asyncPfGfnHash(gfn: number): number {
  return Math.imul(gfn, GOLDEN_RATIO_32) >>> (32 - HASH_BITS);
}

const slotAt = (kvm: Kvm, vcpu: VcpuRecord, key: number): HostAddress =>
  kvm.memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.gfns + key * 4;

/** Notes that a page is under way. Source: `kvm_add_async_pf_gfn`. */
export function addAsyncPfGfn(kvm: Kvm, vcpu: VcpuRecord, gfn: number): void {
  let key = asyncPfGfnHash(gfn);
  while (kvm.memory.load32(slotAt(kvm, vcpu, key)) !== EMPTY) key = (key + 1) & MASK;
  kvm.memory.store32(slotAt(kvm, vcpu, key), gfn + 1);
}

/** The slot that has the page, or else one that has not. Source: `kvm_async_pf_gfn_slot`. */
function searchGfn(kvm: Kvm, vcpu: VcpuRecord, gfn: number): number {
  let key = asyncPfGfnHash(gfn);
  for (let looks = 0; looks < ASYNC_PF_PER_VCPU; looks++) {
    const seen = kvm.memory.load32(slotAt(kvm, vcpu, key));
    if (seen === EMPTY || seen === gfn + 1) return key;
    key = (key + 1) & MASK;
  }
  return key;
}

/** Whether a page is under way already. Source: `kvm_find_async_pf_gfn`. */
export function findAsyncPfGfn(kvm: Kvm, vcpu: VcpuRecord, gfn: number): boolean {
  const key = searchGfn(kvm, vcpu, gfn);
  return kvm.memory.load32(slotAt(kvm, vcpu, key)) === gfn + 1;
}

/** Whether slot `key` lies in the cyclic interval after `hole`, up to `at`. */
function liesBetween(hole: number, key: number, at: number): boolean {
  return hole <= at ? hole < key && key <= at : hole < key || key <= at;
}

/** Takes a page out, and closes the gap for those that the search passes it by. Source: `kvm_del_async_pf_gfn`. */
export function deleteAsyncPfGfn(kvm: Kvm, vcpu: VcpuRecord, gfn: number): void {
  const { memory } = kvm;
  let hole = searchGfn(kvm, vcpu, gfn);
  if (memory.load32(slotAt(kvm, vcpu, hole)) !== gfn + 1) return;
  memory.store32(slotAt(kvm, vcpu, hole), EMPTY);
  for (let at = (hole + 1) & MASK; ; at = (at + 1) & MASK) {
    const moved = memory.load32(slotAt(kvm, vcpu, at));
    if (moved === EMPTY) return;
    // One whose search starts behind the hole is found without it.
    if (liesBetween(hole, asyncPfGfnHash(moved - 1), at)) continue;
    memory.store32(slotAt(kvm, vcpu, hole), moved);
    memory.store32(slotAt(kvm, vcpu, at), EMPTY);
    hole = at;
  }
}

/** Forgets all pages. Source: `kvm_async_pf_hash_reset`. */
export function resetAsyncPfGfns(kvm: Kvm, vcpu: VcpuRecord): void {
  for (let key = 0; key <= MASK; key++) kvm.memory.store32(slotAt(kvm, vcpu, key), EMPTY);
}
