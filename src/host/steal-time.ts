import {
  KVM_FEATURE_PV_TLB_FLUSH,
  KVM_MSR_ENABLED,
  KVM_STEAL_RESERVED_MASK,
  KVM_STEAL_TIME_BYTES,
  KVM_STEAL_TIME_PREEMPTED,
  KVM_STEAL_TIME_STEAL,
  KVM_STEAL_TIME_VERSION,
  KVM_STEAL_VALID_BITS,
  KVM_VCPU_FLUSH_TLB,
  KVM_VCPU_PREEMPTED,
} from '../abi/index.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_FAULT, MSR_OK, type MsrResult } from './msr-result.ts';
import { VCPU, VM } from './records.ts';
import { KVM_REQ_STEAL_UPDATE } from './requests.ts';

/** WRMSR of 0x4b564d03. The memory is not looked at until the next entry. */
export function writeStealTimeMsr(kvm: Kvm, vcpu: VcpuRecord, value: bigint): MsrResult {
  if (kvm.memory.load32(kvm.vm + VM.noSchedInfo) !== 0) return MSR_FAULT;
  if ((value & KVM_STEAL_RESERVED_MASK) !== 0n) return MSR_FAULT;
  kvm.memory.store64(vcpu + VCPU.stealTime, value);
  if ((value & KVM_MSR_ENABLED) !== 0n) kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_STEAL_UPDATE);
  return MSR_OK;
}

/** Host address of the enabled steal area of a vCPU, or `UNBACKED`. */
export function stealArea(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  const value = kvm.memory.load64(vcpu + VCPU.stealTime);
  if ((value & KVM_MSR_ENABLED) === 0n) return UNBACKED;
  return kvm.cpu.translate(Number(value & KVM_STEAL_VALID_BITS), KVM_STEAL_TIME_BYTES);
}

const stealGpa = (kvm: Kvm, vcpu: VcpuRecord): bigint =>
  kvm.memory.load64(vcpu + VCPU.stealTime) & KVM_STEAL_VALID_BITS;

/**
 * The same for whoever may not look it up anew: `UNBACKED` where the MSR or the memory has changed
 * since the last update. Source: `kvm_steal_time_set_preempted`.
 */
export function stealCache(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  const { memory } = kvm;
  const area = kvm.ops.stealArea(kvm, vcpu);
  const moved =
    memory.load64(vcpu + VCPU.stealCacheGpa) !== stealGpa(kvm, vcpu) ||
    (memory.load32(vcpu + VCPU.stealCacheAddress) | 0) !== area;
  return moved ? UNBACKED : area;
}

/** Before an entry: clears `preempted`, flushes if a guest asked, adds what was stolen. Source: `record_steal_time`. */
export function recordStealTime(kvm: Kvm, vcpu: VcpuRecord): void {
  const { ops } = kvm;
  const area = ops.stealArea(kvm, vcpu);
  if (area === UNBACKED) return;
  kvm.memory.store64(vcpu + VCPU.stealCacheGpa, stealGpa(kvm, vcpu));
  kvm.memory.store32(vcpu + VCPU.stealCacheAddress, area);
  ops.clearPreempted(kvm, vcpu, area);
  ops.updateSteal(kvm, vcpu, area);
}

/** Takes the preempted byte back. A FLUSH_TLB that a guest put there is served now. */
export function clearPreempted(kvm: Kvm, vcpu: VcpuRecord, area: HostAddress): void {
  const { memory, ops } = kvm;
  if (!ops.guestPvHas(kvm, vcpu, KVM_FEATURE_PV_TLB_FLUSH)) {
    memory.store8(area + KVM_STEAL_TIME_PREEMPTED, 0);
    memory.store32(vcpu + VCPU.preempted, 0);
    return;
  }
  // One atomic exchange: pairs with the guest's cmpxchg, which either is seen here or fails there.
  const old = memory.lockXchg8(area + KVM_STEAL_TIME_PREEMPTED, 0);
  memory.store32(vcpu + VCPU.preempted, 0);
  if ((old & KVM_VCPU_FLUSH_TLB) !== 0) ops.flushGuestTlb(kvm, vcpu);
}

/** Publishes what was stolen since the last time, under the version. */
export function updateSteal(kvm: Kvm, vcpu: VcpuRecord, area: HostAddress): void {
  const { memory, ops } = kvm;
  const before = memory.load32(area + KVM_STEAL_TIME_VERSION);
  // Junk that is odd already, from before the guest registered the area, is rounded up first.
  const version = ((before + (before & 1)) | 1) >>> 0;
  memory.store32(area + KVM_STEAL_TIME_VERSION, version);
  // Odd before the data: pairs with the reader's barrier before its second version load.
  memory.wmb();
  memory.store64(area + KVM_STEAL_TIME_STEAL, ops.accumulateSteal(kvm, vcpu, area));
  ops.endSteal(kvm, area, version);
}

/** Makes the version of a steal area even again. */
export function endSteal({ memory }: Kvm, area: HostAddress, version: number): void {
  // Implied by TSO in KVM. Even after the data: pairs with the reader's barrier after its first
  // version load.
  memory.wmb();
  memory.store32(area + KVM_STEAL_TIME_VERSION, (version + 1) >>> 0);
}

/** What the area holds plus the run delay of the vCPU's thread since the last time, ns modulo 2^64. */
export function accumulateSteal(kvm: Kvm, vcpu: VcpuRecord, area: HostAddress): bigint {
  const { memory } = kvm;
  const runDelay = memory.load64(vcpu + VCPU.runDelay);
  const delta = runDelay - memory.load64(vcpu + VCPU.lastSteal);
  memory.store64(vcpu + VCPU.lastSteal, runDelay);
  return BigInt.asUintN(64, memory.load64(area + KVM_STEAL_TIME_STEAL) + delta);
}

/** When a runnable vCPU loses its physical CPU. Source: `kvm_steal_time_set_preempted`. */
export function setPreempted(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  // Not in the middle of an instruction: its emulation could still use a translation that a peer,
  // seeing PREEMPTED, believes flushed.
  if (memory.load32(vcpu + VCPU.atInstructionBoundary) === 0) return;
  if (memory.load32(vcpu + VCPU.preempted) !== 0) return;
  const area = ops.stealCache(kvm, vcpu);
  if (area === UNBACKED) return;
  memory.store8(area + KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_PREEMPTED);
  memory.store32(vcpu + VCPU.preempted, 1);
}

/** Drops the guest's translations of a vCPU. */
export function flushGuestTlb(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.memory.store32(vcpu + VCPU.tlbFlushes, (kvm.memory.load32(vcpu + VCPU.tlbFlushes) + 1) >>> 0);
}
