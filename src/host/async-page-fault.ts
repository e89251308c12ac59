import {
  KVM_ASYNC_PF_ADDRESS_MASK,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_ENABLED,
  KVM_ASYNC_PF_TOKEN_VCPU_BITS,
  KVM_PV_REASON_PAGE_NOT_PRESENT,
  KVM_VCPU_PV_APF_DATA_BOUND_BYTES,
  KVM_VCPU_PV_APF_DATA_FLAGS,
} from '../abi/index.ts';
import { type FaultingGuest, type GuestState, NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Gpa, HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { addToQueued } from './async-page-fault-queue.ts';
import { ASYNC_PF, ASYNC_PF_PER_VCPU, ASYNC_PF_WORK, NO_WORK } from './async-page-fault-records.ts';
import { KVM_X86_DISABLE_EXITS_HLT } from './cpuid.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';
import { KVM_REQ_APF_HALT, KVM_REQ_EVENT } from './requests.ts';

const PAGE_BYTES = 4096;
const ENABLED = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT;

const recordOf = (kvm: Kvm, vcpu: VcpuRecord): HostAddress =>
  kvm.memory.load32(vcpu + VCPU.asyncPf);

/** Whether the guest wants to be told, by both bits of ASYNC_PF_EN. Source: `kvm_pv_async_pf_enabled`. */
export function asyncPfEnabled(kvm: Kvm, vcpu: VcpuRecord): boolean {
  return (kvm.memory.load64(vcpu + VCPU.apfMsrEn) & ENABLED) === ENABLED;
}

/** Host address of the guest's area, or `UNBACKED`. */
export function asyncPfArea(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  if (kvm.memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.bound) === 0) return UNBACKED;
  const gpa = Number(kvm.memory.load64(vcpu + VCPU.apfMsrEn) & KVM_ASYNC_PF_ADDRESS_MASK);
  return kvm.cpu.translate(gpa, KVM_VCPU_PV_APF_DATA_BOUND_BYTES);
}

/** Whether the guest can be told now that a page is not present. Source: `kvm_can_deliver_async_pf`. */
export function canDeliverAsyncPf(kvm: Kvm, vcpu: VcpuRecord, guest: FaultingGuest): boolean {
  const { memory } = kvm;
  if (!kvm.ops.asyncPfEnabled(kvm, vcpu)) return false;
  const record = recordOf(kvm, vcpu);
  if (memory.load32(record + ASYNC_PF.sendAlways) === 0 && !guest.userMode) return false;
  // A guest hypervisor takes it as a #PF exit of its own guest, if it has asked for that.
  if (guest.nested) return memory.load32(record + ASYNC_PF.deliveryAsPfVmexit) !== 0;
  return guest.paging;
}

/** Whether a missing page may be brought in while the vCPU does something else. Source: `kvm_can_do_async_pf`. */
export function canDoAsyncPf(kvm: Kvm, vcpu: VcpuRecord, guest: FaultingGuest): boolean {
  const { memory, ops, vm } = kvm;
  if (!ops.lapicInKernel(kvm)) return false;
  if ((memory.load32(vcpu + VCPU.injectedVector) | 0) !== NO_VECTOR) return false;
  if (memory.load32(vcpu + VCPU.pendingPageFault) !== 0) return false;
  const hltInGuest = (memory.load32(vm + VM.disabledExits) & KVM_X86_DISABLE_EXITS_HLT) !== 0;
  if (hltInGuest && !ops.canDeliverAsyncPf(kvm, vcpu, guest)) return false;
  // With interrupts off nothing would end even a synthetic halt.
  return guest.interruptFlag;
}

/** The exit of a guest that uses a page which the host has not mapped for it. Source: `kvm_mmu_faultin_pfn`. */
export function handlePageFault(kvm: Kvm, vcpu: VcpuRecord, guest: FaultingGuest, gpa: Gpa): void {
  const { ops } = kvm;
  const gfn = Math.floor(gpa / PAGE_BYTES);
  if (ops.pageResident(kvm, gpa)) return;
  if (ops.canDoAsyncPf(kvm, vcpu, guest)) {
    if (ops.findAsyncPfGfn(kvm, vcpu, gfn)) {
      // Under way already: there is nothing to do but to wait for it.
      ops.makeRequest(kvm, vcpu, KVM_REQ_APF_HALT);
      return;
    }
    if (ops.setupAsyncPf(kvm, vcpu, guest, gfn)) return;
  }
  ops.faultInPage(kvm, gpa);
}

/** A token, never 0: that is what an empty token word holds. Source: `alloc_apf_token`. */
export function nextAsyncPfToken(kvm: Kvm, vcpu: VcpuRecord): number {
  const { memory } = kvm;
  const record = recordOf(kvm, vcpu);
  let id = memory.load32(record + ASYNC_PF.id);
  // Its upper bits are cut off, so this comes up at the start and after 2^20 tokens.
  if (id << KVM_ASYNC_PF_TOKEN_VCPU_BITS === 0) id = 1;
  memory.store32(record + ASYNC_PF.id, (id + 1) >>> 0);
  return ((id << KVM_ASYNC_PF_TOKEN_VCPU_BITS) | memory.load32(vcpu + VCPU.id)) >>> 0;
}

/**
 * Has a page brought in by a worker. False where it must be brought in at once. Source:
 * `kvm_setup_async_pf`, `kvm_arch_setup_async_pf`.
 */
export function setupAsyncPf(
  kvm: Kvm,
  vcpu: VcpuRecord,
  guest: FaultingGuest,
  gfn: number,
): boolean {
  const { memory, ops } = kvm;
  const token = ops.nextAsyncPfToken(kvm, vcpu);
  if (memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.queued) >= ASYNC_PF_PER_VCPU) return false;
  const work = ops.allocateAsyncPfWork(kvm, vcpu);
  if (work === NO_WORK) return false;
  memory.store32(work + ASYNC_PF_WORK.gfn, gfn);
  memory.store32(work + ASYNC_PF_WORK.token, token);
  addToQueued(kvm, vcpu, 1);
  ops.startAsyncPf(kvm, vcpu, guest, work);
  return true;
}

/** The guest is told, or not, and then the workers are. Source: `kvm_setup_async_pf`. */
export function startAsyncPf(
  kvm: Kvm,
  vcpu: VcpuRecord,
  guest: FaultingGuest,
  work: HostAddress,
): void {
  const injected = kvm.ops.asyncPageNotPresent(kvm, vcpu, guest, work);
  kvm.memory.store32(work + ASYNC_PF_WORK.notPresentInjected, injected ? 1 : 0);
  // Last: from here on the item is a worker's as well.
  kvm.ops.scheduleAsyncPfWork(kvm, work);
}

/**
 * Tells the guest that a page is not present, or halts the vCPU where it cannot be told. Returns which.
 * Source: `kvm_arch_async_page_not_present`.
 */
export function asyncPageNotPresent(
  kvm: Kvm,
  vcpu: VcpuRecord,
  guest: FaultingGuest,
  work: HostAddress,
): boolean {
  const { memory, ops } = kvm;
  ops.addAsyncPfGfn(kvm, vcpu, memory.load32(work + ASYNC_PF_WORK.gfn));
  if (ops.canDeliverAsyncPf(kvm, vcpu, guest) && ops.putPageNotPresent(kvm, vcpu)) {
    ops.queuePageFault(kvm, vcpu, memory.load32(work + ASYNC_PF_WORK.token));
    return true;
  }
  ops.makeRequest(kvm, vcpu, KVM_REQ_APF_HALT);
  return false;
}

/** Writes the reason of the #PF to come, over whatever is there. Source: `apf_put_user_notpresent`. */
export function putPageNotPresent(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const area = kvm.ops.asyncPfArea(kvm, vcpu);
  if (area === UNBACKED) return false;
  // Just before this vCPU's #PF, and out of guest mode: its handler clears it, with interrupts off.
  kvm.memory.store32(area + KVM_VCPU_PV_APF_DATA_FLAGS, KVM_PV_REASON_PAGE_NOT_PRESENT);
  return true;
}

/** Makes the next entry raise #PF, with this in CR2 and error code 0. Source: `kvm_inject_page_fault`. */
export function queuePageFault(kvm: Kvm, vcpu: VcpuRecord, address: number): void {
  kvm.memory.store32(vcpu + VCPU.pageFaultAddress, address);
  kvm.memory.store32(vcpu + VCPU.pendingPageFault, 1);
  kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
}

/** Whether the vCPU is halted because a page is missing, which is no halt of its guest's. */
export function haltedForPage(kvm: Kvm, vcpu: VcpuRecord): boolean {
  return kvm.memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.halted) !== 0;
}

/** What a vCPU that was just created has not got: its words of {@link ASYNC_PF}. */
const OF_THE_OLD_HOST = [
  'pageReadyPending',
  'id',
  'vector',
  'sendAlways',
  'deliveryAsPfVmexit',
  'bound',
] as const;

/**
 * A stopped vCPU is destroyed: what is under way is dropped, and tokens start over. Source:
 * `kvm_arch_vcpu_destroy`, `kvm_arch_vcpu_create`.
 */
export function renewAsyncPf(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.ops.clearAsyncPfQueue(kvm, vcpu);
  kvm.ops.resetAsyncPfGfns(kvm, vcpu);
  for (const field of OF_THE_OLD_HOST) kvm.memory.store32(recordOf(kvm, vcpu) + ASYNC_PF[field], 0);
}

/** The APF_HALT request: nothing to do until something comes. Source: `vcpu_enter_guest`, `vcpu_block`. */
export function haltForPage(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): void {
  const halted = recordOf(kvm, vcpu) + ASYNC_PF.halted;
  kvm.memory.store32(halted, 1);
  kvm.ops.haltVcpu(kvm, vcpu, guest);
  // By whatever ended it: the guest runs the same instruction again.
  kvm.memory.store32(halted, 0);
}
