import { NO_VECTOR } from '../cpu/hypervisor.ts';
import { ASYNC_PF_WORK } from '../host/async-page-fault-records.ts';
import { asyncPfItem, asyncPfItems } from '../host/async-page-fault-work.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';

// What the watch over asynchronous page faults looks up in the host's records.

/** How many work items the vCPU has for a page. */
export function timesUnderWay(kvm: Kvm, vcpu: VcpuRecord, gfn: number): number {
  const items = asyncPfItems(kvm, vcpu);
  let times = 0;
  for (let index = 0; index < items; index++) {
    const work = asyncPfItem(kvm, vcpu, index);
    if (kvm.memory.load32(work + ASYNC_PF_WORK.allocated) === 0) continue;
    if (kvm.memory.load32(work + ASYNC_PF_WORK.wakeupAll) !== 0) continue;
    if (kvm.memory.load32(work + ASYNC_PF_WORK.gfn) === gfn) times++;
  }
  return times;
}

/** Whether the host, or a device, still has something for the vCPU. */
export function somethingWaits(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const { memory, ops } = kvm;
  if (memory.load32(vcpu + VCPU.pendingPageFault) !== 0) return true;
  return ops.pendingInterrupt(kvm, vcpu) !== NO_VECTOR;
}
