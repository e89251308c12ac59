import type { HostAddress } from '../memory/memory-port.ts';
import { ASYNC_PF, ASYNC_PF_WORK, NO_WORK } from './async-page-fault-records.ts';
import { asyncPfItem, asyncPfItems } from './async-page-fault-work.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

const recordOf = (kvm: Kvm, vcpu: VcpuRecord): HostAddress =>
  kvm.memory.load32(vcpu + VCPU.asyncPf);

/** Takes the lock of the list of what is done (`vcpu->async_pf.lock`). */
export function lockAsyncPf(kvm: Kvm, vcpu: VcpuRecord): void {
  const lock = recordOf(kvm, vcpu) + ASYNC_PF.lock;
  while (kvm.memory.lockCmpxchg32(lock, 0, 1) !== 0) kvm.cpu.relax();
}

export function unlockAsyncPf(kvm: Kvm, vcpu: VcpuRecord): void {
  // What was written under the lock before the lock is free: pairs with the cmpxchg in lockAsyncPf.
  kvm.memory.wmb();
  kvm.memory.store32(recordOf(kvm, vcpu) + ASYNC_PF.lock, 0);
}

/** Whether nothing is done. Also without the lock, as `list_empty_careful` is. */
export function asyncPfDoneEmpty(kvm: Kvm, vcpu: VcpuRecord): boolean {
  return kvm.memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.doneHead) === NO_WORK;
}

/** Whether something is done that a halted vCPU is to wake up for. Source: `kvm_vcpu_has_events`. */
export function pageIsDone(kvm: Kvm, vcpu: VcpuRecord): boolean {
  // A vCPU that asked for no page has none: that is its own word, and spares it a look at a shared one.
  if (kvm.memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.queued) === 0) return false;
  return !kvm.ops.asyncPfDoneEmpty(kvm, vcpu);
}

/** Puts an item behind all that are done. The caller has the lock. */
export function appendAsyncPfDone(kvm: Kvm, vcpu: VcpuRecord, work: HostAddress): void {
  const { memory } = kvm;
  const record = recordOf(kvm, vcpu);
  const tail = memory.load32(record + ASYNC_PF.doneTail);
  memory.store32(work + ASYNC_PF_WORK.next, NO_WORK);
  memory.store32(record + ASYNC_PF.doneTail, work);
  if (tail === NO_WORK) memory.store32(record + ASYNC_PF.doneHead, work);
  else memory.store32(tail + ASYNC_PF_WORK.next, work);
}

/** Takes the oldest item out; `NO_WORK` if there is none. The caller has the lock. */
export function popAsyncPfDone(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  const { memory } = kvm;
  const record = recordOf(kvm, vcpu);
  const work = memory.load32(record + ASYNC_PF.doneHead);
  if (work === NO_WORK) return NO_WORK;
  const next = memory.load32(work + ASYNC_PF_WORK.next);
  memory.store32(record + ASYNC_PF.doneHead, next);
  if (next === NO_WORK) memory.store32(record + ASYNC_PF.doneTail, NO_WORK);
  return work;
}

/**
 * Delivers what is done, as far as the guest has room for it: at most one token at a time. By the
 * vCPU's thread, at an entry (APF_READY) and when the guest acknowledges. Source:
 * `kvm_check_async_pf_completion`.
 */
export function checkAsyncPfCompletion(kvm: Kvm, vcpu: VcpuRecord): void {
  const { ops } = kvm;
  while (!ops.asyncPfDoneEmpty(kvm, vcpu) && ops.canDequeuePagePresent(kvm, vcpu)) {
    ops.lockAsyncPf(kvm, vcpu);
    const work = ops.popAsyncPfDone(kvm, vcpu);
    ops.unlockAsyncPf(kvm, vcpu);
    ops.asyncPagePresent(kvm, vcpu, work);
    addToQueued(kvm, vcpu, -1);
    ops.flushAndFreeAsyncPfWork(kvm, work);
  }
}

/** How many page faults and wake-alls the vCPU has under way (`vcpu->async_pf.queued`). */
export function addToQueued(kvm: Kvm, vcpu: VcpuRecord, addend: number): void {
  const queued = recordOf(kvm, vcpu) + ASYNC_PF.queued;
  kvm.memory.store32(queued, kvm.memory.load32(queued) + addend);
}

/** Frees an item that is done. Source: `kvm_flush_and_free_async_pf_work`. */
export function flushAndFreeAsyncPfWork(kvm: Kvm, work: HostAddress): void {
  // Being in the list does not mean that the worker is through with it.
  kvm.ops.flushAsyncPfWork(kvm, work);
  kvm.ops.freeAsyncPfWork(kvm, work);
}

/** Drops all that is under way or done: nobody will be told. Source: `kvm_clear_async_pf_completion_queue`. */
export function clearAsyncPfQueue(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  const items = asyncPfItems(kvm, vcpu);
  for (let index = 0; index < items; index++) {
    const work = asyncPfItem(kvm, vcpu, index);
    if (memory.load32(work + ASYNC_PF_WORK.allocated) === 0) continue;
    if (ops.cancelAsyncPfWork(kvm, work)) ops.freeAsyncPfWork(kvm, work);
  }
  for (;;) {
    ops.lockAsyncPf(kvm, vcpu);
    const work = ops.popAsyncPfDone(kvm, vcpu);
    ops.unlockAsyncPf(kvm, vcpu);
    if (work === NO_WORK) break;
    ops.flushAndFreeAsyncPfWork(kvm, work);
  }
  memory.store32(recordOf(kvm, vcpu) + ASYNC_PF.queued, 0);
}

/**
 * Queues the token that wakes every sleeper of the vCPU, unless something is done that has not been
 * delivered yet. Source: `kvm_async_pf_wakeup_all`.
 */
export function wakeAllAsyncPf(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  if (!ops.asyncPfDoneEmpty(kvm, vcpu)) return;
  const work = ops.allocateAsyncPfWork(kvm, vcpu);
  if (work === NO_WORK) return;
  memory.store32(work + ASYNC_PF_WORK.wakeupAll, 1);
  ops.lockAsyncPf(kvm, vcpu);
  const first = ops.asyncPfDoneEmpty(kvm, vcpu);
  ops.appendAsyncPfDone(kvm, vcpu, work);
  ops.unlockAsyncPf(kvm, vcpu);
  if (first) ops.asyncPageReadyQueued(kvm, vcpu);
  addToQueued(kvm, vcpu, 1);
}
