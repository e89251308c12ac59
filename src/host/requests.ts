import type { Kvm, VcpuRecord } from './kvm.ts';
import { EXITING_GUEST_MODE, IN_GUEST_MODE, OUTSIDE_GUEST_MODE, VCPU } from './records.ts';

export * from './request-bits.ts';

/**
 * Posts a request. The vCPU serves it before its next guest instruction; one that is in guest mode
 * must be kicked as well ({@link kickVcpu}). Source: `kvm_make_request`.
 */
export function makeRequest(kvm: Kvm, vcpu: VcpuRecord, request: number): void {
  // Whatever the request speaks of is stored before its bit: pairs with the barrier in checkRequest.
  kvm.memory.wmb();
  kvm.memory.lockOr32(vcpu + VCPU.requests, request);
}

/** Takes a request: true exactly once for each time it was posted. Source: `kvm_check_request`. */
export function checkRequest(kvm: Kvm, vcpu: VcpuRecord, request: number): boolean {
  if ((kvm.memory.load32(vcpu + VCPU.requests) & request) === 0) return false;
  // Cleared before it is acted on: one that is posted during the action must survive.
  kvm.memory.lockAnd32(vcpu + VCPU.requests, ~request);
  // The action's loads come after the clear: pairs with the barrier in makeRequest.
  kvm.memory.mb();
  return true;
}

/** Takes a request back that was never to be served. Source: `kvm_clear_request`. */
export function clearRequest(kvm: Kvm, vcpu: VcpuRecord, request: number): void {
  kvm.memory.lockAnd32(vcpu + VCPU.requests, ~request);
}

/**
 * Gets a vCPU out of guest mode, or wakes it from a halt. Returns whether it was in guest mode, and
 * so had an IPI sent. Source: `kvm_vcpu_kick`, `kvm_vcpu_exiting_guest_mode`.
 */
export function kickVcpu(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const { memory } = kvm;
  // The locked cmpxchg orders the request before this look at the mode: pairs with the full barrier
  // between the store of IN_GUEST_MODE and the re-check of the requests in enterGuestMode.
  const mode = memory.lockCmpxchg32(vcpu + VCPU.mode, IN_GUEST_MODE, EXITING_GUEST_MODE);
  if (mode !== IN_GUEST_MODE) {
    kvm.ops.wakeHaltedVcpu(kvm, vcpu);
    return false;
  }
  kvm.cpu.sendKick(vcpu + VCPU.kick);
  return true;
}

/** Wakes a vCPU that sleeps in HLT. Source: `kvm_vcpu_wake_up`. */
export function wakeHaltedVcpu(kvm: Kvm, vcpu: VcpuRecord): void {
  if (kvm.memory.load32(vcpu + VCPU.halted) !== 0) kvm.cpu.sendKick(vcpu + VCPU.kick);
}

/**
 * Posts a request to every vCPU, kicks those in guest mode, and waits until none is in it.
 * Source: `kvm_make_all_cpus_request` with `KVM_REQUEST_WAIT`.
 */
export function makeAllVcpusRequestAndWait(kvm: Kvm, request: number): void {
  const { memory, ops } = kvm;
  const count = kvm.vcpuCount;
  for (let id = 0; id < count; id++) ops.makeRequest(kvm, kvm.vcpu(id), request);
  for (let id = 0; id < count; id++) ops.kickVcpu(kvm, kvm.vcpu(id));
  for (let id = 0; id < count; id++) {
    const vcpu = kvm.vcpu(id);
    while (memory.load32(vcpu + VCPU.mode) !== OUTSIDE_GUEST_MODE) kvm.cpu.relax();
  }
}
