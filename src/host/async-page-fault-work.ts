import type { HostAddress } from '../memory/memory-port.ts';
import {
  ASYNC_PF,
  ASYNC_PF_ITEMS,
  ASYNC_PF_WORK,
  NO_WORK,
  WORK_IDLE,
  WORK_PENDING,
  WORK_RUNNING,
} from './async-page-fault-records.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';

const PAGE_BYTES = 4096;

/** The work item in place `index` of a vCPU's. */
export function asyncPfItem(kvm: Kvm, vcpu: VcpuRecord, index: number): HostAddress {
  return kvm.memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.work + index * ASYNC_PF_WORK.bytes;
}

/** How many places a vCPU has ever used. */
export function asyncPfItems(kvm: Kvm, vcpu: VcpuRecord): number {
  return kvm.memory.load32(kvm.memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.items);
}

/** A work item that nobody uses, all zero; `NO_WORK` if there is none. Source: `kmem_cache_zalloc`. */
export function allocateAsyncPfWork(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  const { memory } = kvm;
  for (let index = 0; index < ASYNC_PF_ITEMS; index++) {
    const work = asyncPfItem(kvm, vcpu, index);
    if (memory.load32(work + ASYNC_PF_WORK.allocated) !== 0) continue;
    const items = memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.items;
    if (memory.load32(items) <= index) memory.store32(items, index + 1);
    for (const field of ['next', 'gfn', 'token', 'notPresentInjected', 'wakeupAll'] as const) {
      memory.store32(work + ASYNC_PF_WORK[field], 0);
    }
    const generation = memory.load32(work + ASYNC_PF_WORK.generation) + 1;
    memory.store32(work + ASYNC_PF_WORK.generation, generation >>> 0);
    memory.store32(work + ASYNC_PF_WORK.vcpu, vcpu);
    memory.store32(work + ASYNC_PF_WORK.allocated, 1);
    return work;
  }
  return NO_WORK;
}

/** Gives a work item back: the next allocation may take it. Source: `kmem_cache_free`. */
export function freeAsyncPfWork(kvm: Kvm, work: HostAddress): void {
  kvm.memory.store32(work + ASYNC_PF_WORK.allocated, 0);
}

/** Hands a work item to the workers. Source: `schedule_work`. */
export function scheduleAsyncPfWork(kvm: Kvm, work: HostAddress): void {
  // What the item says before its state: pairs with the locked cmpxchg in takeAsyncPfWork.
  kvm.memory.lockXchg32(work + ASYNC_PF_WORK.state, WORK_PENDING);
}

/**
 * Takes one item of any vCPU for this worker to run; `NO_WORK` if there is none. Source: `process_one_work`.
 *
 * @param first the vCPU that it looks at first: a workqueue is fair, and this is, where that varies
 */
export function takeAsyncPfWork(kvm: Kvm, first = 0): HostAddress {
  const { memory } = kvm;
  const count = kvm.vcpuCount;
  for (let turn = 0; turn < count; turn++) {
    const vcpu = kvm.vcpu((first + turn) % count);
    const items = asyncPfItems(kvm, vcpu);
    for (let index = 0; index < items; index++) {
      const work = asyncPfItem(kvm, vcpu, index);
      const state = work + ASYNC_PF_WORK.state;
      if (memory.load32(state) !== WORK_PENDING) continue;
      // One step, so that an item is either run or cancelled: pairs with the cmpxchg in cancelAsyncPfWork.
      if (memory.lockCmpxchg32(state, WORK_PENDING, WORK_RUNNING) === WORK_PENDING) return work;
    }
  }
  return NO_WORK;
}

/** What a worker does with an item: brings the page in, then tells the vCPU. Source: `async_pf_execute`. */
export function executeAsyncPfWork(kvm: Kvm, work: HostAddress): void {
  const { memory, ops } = kvm;
  const vcpu = memory.load32(work + ASYNC_PF_WORK.vcpu);
  ops.faultInPage(kvm, memory.load32(work + ASYNC_PF_WORK.gfn) * PAGE_BYTES);
  ops.lockAsyncPf(kvm, vcpu);
  // Only the first one asks the vCPU to look: it then takes all that are there.
  const first = ops.asyncPfDoneEmpty(kvm, vcpu);
  ops.appendAsyncPfDone(kvm, vcpu, work);
  ops.unlockAsyncPf(kvm, vcpu);
  if (first) ops.asyncPageReadyQueued(kvm, vcpu);
  // The list before the look whether the vCPU sleeps: pairs with the barrier in haltVcpu.
  memory.mb();
  ops.wakeHaltedVcpu(kvm, vcpu);
}

/** The worker is done with the item: whoever waits for that may free it. */
export function finishAsyncPfWork(kvm: Kvm, work: HostAddress): void {
  // All of the worker's looks at the item before this: pairs with the loads in flushAsyncPfWork.
  kvm.memory.wmb();
  kvm.memory.store32(work + ASYNC_PF_WORK.state, WORK_IDLE);
}

/**
 * One turn of a worker thread. Returns whether there was something to do.
 *
 * @param first the vCPU whose page faults it looks at first
 */
export function runAsyncPfWorker(kvm: Kvm, first = 0): boolean {
  const { ops } = kvm;
  const work = ops.takeAsyncPfWork(kvm, first);
  if (work === NO_WORK) return false;
  ops.executeAsyncPfWork(kvm, work);
  ops.finishAsyncPfWork(kvm, work);
  return true;
}

/** Waits until no worker uses the item. Source: `flush_work`. */
export function flushAsyncPfWork(kvm: Kvm, work: HostAddress): void {
  while (kvm.memory.load32(work + ASYNC_PF_WORK.state) !== WORK_IDLE) kvm.cpu.relax();
  kvm.memory.rmb();
}

/**
 * Takes an item back from the workers: true if none had begun with it, else waits until the one that
 * has is done. Source: `cancel_work_sync`.
 */
export function cancelAsyncPfWork(kvm: Kvm, work: HostAddress): boolean {
  const state = work + ASYNC_PF_WORK.state;
  if (kvm.memory.lockCmpxchg32(state, WORK_PENDING, WORK_IDLE) === WORK_PENDING) return true;
  kvm.ops.flushAsyncPfWork(kvm, work);
  return false;
}
