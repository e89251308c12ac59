import { KVM_ASYNC_PF_TOKEN_WAKE_ALL, KVM_VCPU_PV_APF_DATA_TOKEN } from '../abi/index.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { ASYNC_PF, ASYNC_PF_WORK } from './async-page-fault-records.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';
import { KVM_REQ_APF_READY } from './requests.ts';

const recordOf = (kvm: Kvm, vcpu: VcpuRecord): HostAddress =>
  kvm.memory.load32(vcpu + VCPU.asyncPf);

/** A worker has put the first item into the list of what is done. Source: `kvm_arch_async_page_present_queued`. */
export function asyncPageReadyQueued(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  ops.makeRequest(kvm, vcpu, KVM_REQ_APF_READY);
  // Store buffering: the request before the look at pageReadyPending. Pairs with the barrier in
  // writeAsyncPfAck, between clearing that and looking at the list.
  memory.mb();
  // Until the guest has acknowledged there is no room for another token; then it looks by itself.
  if (memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.pageReadyPending) === 0) ops.kickVcpu(kvm, vcpu);
}

/** Whether the guest has taken the last token away. Source: `apf_pageready_slot_free`. */
export function pageReadySlotFree(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const area = kvm.ops.asyncPfArea(kvm, vcpu);
  return area !== UNBACKED && kvm.memory.load32(area + KVM_VCPU_PV_APF_DATA_TOKEN) === 0;
}

/** Whether something that is done may be taken. Source: `kvm_arch_can_dequeue_async_page_present`. */
export function canDequeuePagePresent(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const { memory, ops } = kvm;
  if (!ops.asyncPfEnabled(kvm, vcpu)) return true;
  return memory.load32(vcpu + VCPU.apicEnabled) !== 0 && ops.pageReadySlotFree(kvm, vcpu);
}

/** Writes a token for the guest; false where it cannot be written. Source: `apf_put_user_ready`. */
export function putPageReady(kvm: Kvm, vcpu: VcpuRecord, token: number): boolean {
  const area = kvm.ops.asyncPfArea(kvm, vcpu);
  if (area === UNBACKED) return false;
  kvm.memory.store32(area + KVM_VCPU_PV_APF_DATA_TOKEN, token);
  return true;
}

/**
 * A page is there: the guest is told, if it was told that it was not. Source:
 * `kvm_arch_async_page_present`.
 */
export function asyncPagePresent(kvm: Kvm, vcpu: VcpuRecord, work: HostAddress): void {
  const { memory, ops } = kvm;
  const wakeupAll = memory.load32(work + ASYNC_PF_WORK.wakeupAll) !== 0;
  if (!wakeupAll) ops.deleteAsyncPfGfn(kvm, vcpu, memory.load32(work + ASYNC_PF_WORK.gfn));
  const token = wakeupAll ? KVM_ASYNC_PF_TOKEN_WAKE_ALL : memory.load32(work + ASYNC_PF_WORK.token);
  const told = wakeupAll || memory.load32(work + ASYNC_PF_WORK.notPresentInjected) !== 0;
  if (told && ops.asyncPfEnabled(kvm, vcpu) && ops.putPageReady(kvm, vcpu, token)) {
    ops.raisePageReady(kvm, vcpu);
  }
  ops.makeRunnable(kvm, vcpu);
}

/** Interrupts the guest after the token was written. */
export function raisePageReady(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  const record = recordOf(kvm, vcpu);
  memory.store32(record + ASYNC_PF.pageReadyPending, 1);
  ops.acceptInterrupt(kvm, vcpu, memory.load32(record + ASYNC_PF.vector));
}
