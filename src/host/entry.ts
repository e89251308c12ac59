import { X86_TRAP_PF } from '../abi/vector.ts';
import { type GuestState, NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { IN_GUEST_MODE, OUTSIDE_GUEST_MODE, VCPU } from './records.ts';
import {
  KVM_REQ_APF_HALT,
  KVM_REQ_APF_READY,
  KVM_REQ_CLOCK_UPDATE,
  KVM_REQ_EVENT,
  KVM_REQ_GLOBAL_CLOCK_UPDATE,
  KVM_REQ_MASTERCLOCK_UPDATE,
  KVM_REQ_MCLOCK_INPROGRESS,
  KVM_REQ_STEAL_UPDATE,
  KVM_REQ_TLB_FLUSH,
} from './requests.ts';

/**
 * Enters guest mode: serves requests, injects, then the handshake with requesters. Returns the
 * vector to deliver, or `NO_VECTOR`. Source: `vcpu_enter_guest`.
 */
export function enterGuest(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): number {
  const { memory, ops } = kvm;
  for (;;) {
    if (ops.signalPending(kvm, vcpu)) ops.waitInUserSpace(kvm, vcpu);
    ops.serveRequests(kvm, vcpu, guest);
    if (ops.enterGuestMode(kvm, vcpu)) return ops.takeInjectedVector(kvm, vcpu);
    ops.cancelEntry(kvm, vcpu);
    // A request that came meanwhile is served above. While MCLOCK_INPROGRESS is set, KVM tries again and
    // again, in vain; waiting for it here comes to the same, and leaves nothing behind.
    do kvm.cpu.relax();
    while ((memory.load32(vcpu + VCPU.requests) & KVM_REQ_MCLOCK_INPROGRESS) !== 0);
  }
}

/** Serves pending requests in KVM's order. Source: `vcpu_enter_guest`. */
export function serveRequests(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): void {
  const { memory, ops } = kvm;
  const pending = memory.load32(vcpu + VCPU.requests);
  if (pending === 0) return;
  if (ops.checkRequest(kvm, vcpu, KVM_REQ_MASTERCLOCK_UPDATE)) ops.updateMasterclock(kvm);
  if (ops.checkRequest(kvm, vcpu, KVM_REQ_GLOBAL_CLOCK_UPDATE)) ops.globalClockUpdate(kvm, vcpu);
  if (ops.checkRequest(kvm, vcpu, KVM_REQ_CLOCK_UPDATE)) ops.guestTimeUpdate(kvm, vcpu);
  if (ops.checkRequest(kvm, vcpu, KVM_REQ_TLB_FLUSH)) ops.flushGuestTlb(kvm, vcpu);
  // By the look above: one that comes later is seen by enterGuestMode.
  if ((pending & KVM_REQ_APF_HALT) !== 0 && ops.checkRequest(kvm, vcpu, KVM_REQ_APF_HALT))
    ops.haltForPage(kvm, vcpu, guest);
  if (ops.checkRequest(kvm, vcpu, KVM_REQ_STEAL_UPDATE)) ops.recordStealTime(kvm, vcpu);
  if ((pending & KVM_REQ_APF_READY) !== 0 && ops.checkRequest(kvm, vcpu, KVM_REQ_APF_READY))
    ops.checkAsyncPfCompletion(kvm, vcpu);
  if (ops.checkRequest(kvm, vcpu, KVM_REQ_EVENT)) ops.injectPendingEvent(kvm, vcpu, guest);
}

/**
 * Goes into guest mode unless a request is pending: the vCPU's half of the handshake with
 * `kickVcpu`. Source: `vcpu_enter_guest`, `kvm_vcpu_exit_request`.
 */
export function enterGuestMode(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const { memory } = kvm;
  memory.store32(vcpu + VCPU.mode, IN_GUEST_MODE);
  // Store buffering: without a full barrier this vCPU could miss the request while its requester
  // still sees OUTSIDE_GUEST_MODE and sends no kick. Pairs with the locked cmpxchg in kickVcpu.
  memory.mb();
  if (memory.load32(vcpu + VCPU.requests) === 0) return true;
  memory.store32(vcpu + VCPU.mode, OUTSIDE_GUEST_MODE);
  return false;
}

/** Undoes an entry that did not come to pass. Source: `vcpu_enter_guest`, label `cancel_injection`. */
export function cancelEntry(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.ops.cancelInjection(kvm, vcpu);
  kvm.ops.syncLapicFromGuest(kvm, vcpu);
}

/** Source: `kvm_x86_ops.cancel_injection`. */
export function cancelInjection(kvm: Kvm, vcpu: VcpuRecord): void {
  // An interrupt that was to be injected is injected by the next entry, which decides on PV EOI anew.
  if ((kvm.memory.load32(vcpu + VCPU.injectedVector) | 0) !== NO_VECTOR) {
    kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
  }
}

/**
 * Leaves guest mode: what happens after every exit, before its handler. Source: `vcpu_enter_guest`.
 *
 * @throws RunStopped if the run is over
 */
export function leaveGuest(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  memory.store32(vcpu + VCPU.mode, OUTSIDE_GUEST_MODE);
  kvm.cpu.acknowledgeKick(vcpu + VCPU.kick);
  ops.syncLapicFromGuest(kvm, vcpu);
}

/** The vector that this entry delivers: an exception goes before an interrupt. */
export function takeInjectedVector(kvm: Kvm, vcpu: VcpuRecord): number {
  if (kvm.memory.load32(vcpu + VCPU.pendingPageFault) !== 0) {
    kvm.memory.store32(vcpu + VCPU.pendingPageFault, 0);
    return X86_TRAP_PF;
  }
  const vector = kvm.memory.load32(vcpu + VCPU.injectedVector) | 0;
  if (vector !== NO_VECTOR) kvm.memory.store32(vcpu + VCPU.injectedVector, NO_VECTOR);
  return vector;
}
