import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';
import { KVM_REQ_MASTERCLOCK_UPDATE } from './requests.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const HERTZ_PER_KILOHERTZ = 1000n;

/**
 * A write of MSR_IA32_TSC by the host. Writes of about one value, at most a second apart in the TSC's
 * own time, are one attempt to synchronise: they all get the offset of the first, so that the
 * vCPUs' TSCs are one line. Source: `kvm_synchronize_tsc`.
 */
export function synchronizeTsc(kvm: Kvm, vcpu: VcpuRecord, value: bigint): void {
  const { memory, ops, vm } = kvm;
  while (memory.lockCmpxchg32(vm + VM.tscWriteLock, 0, 1) !== 0) kvm.cpu.relax();
  const hostTsc = kvm.cpu.hostTsc();
  const now = ops.bootRawNsAt(kvm, hostTsc);
  const kHz = memory.load32(vcpu + VCPU.virtualTscKhz);
  const matched = synchronizing(kvm, value, now, kHz);
  const own = memory.load64(vcpu + VCPU.tscOffset);
  const asked = BigInt.asUintN(64, value - (ops.guestTsc(kvm, vcpu, hostTsc) - own));
  const offset = matched ? memory.load64(vm + VM.tscOffsetOfGeneration) : asked;
  memory.store64(vm + VM.lastTscNs, now);
  memory.store64(vm + VM.lastTscWrite, value);
  memory.store32(vm + VM.lastTscKhz, kHz);
  memory.store64(vcpu + VCPU.tscOffset, offset);
  joinGeneration(kvm, vcpu, offset, matched);
  memory.store32(vm + VM.tscWriteLock, 0);
}

/**
 * A write of MSR_IA32_TSC by the guest moves its own TSC and nothing else: the clock goes by the old
 * line until its next update. Source: `adjust_tsc_offset_guest`.
 */
export function writeGuestTsc(kvm: Kvm, vcpu: VcpuRecord, value: bigint): void {
  const { memory, ops } = kvm;
  const move = value - ops.guestTsc(kvm, vcpu, kvm.cpu.hostTsc());
  const offset = memory.load64(vcpu + VCPU.tscOffset) + move;
  memory.store64(vcpu + VCPU.tscOffset, BigInt.asUintN(64, offset));
}

/** Whether a write belongs to the same attempt as the one before it. */
function synchronizing(kvm: Kvm, value: bigint, now: bigint, kHz: number): boolean {
  const { memory, vm } = kvm;
  if (kHz === 0 || kHz !== memory.load32(vm + VM.lastTscKhz)) return false;
  // 0 is what a VMM writes to all vCPUs to make them start as one.
  if (value === 0n) return true;
  const elapsed = now - memory.load64(vm + VM.lastTscNs);
  const ticks = (elapsed * BigInt(kHz)) / NANOSECONDS_PER_MILLISECOND;
  const expected = memory.load64(vm + VM.lastTscWrite) + ticks;
  const second = BigInt(kHz) * HERTZ_PER_KILOHERTZ;
  return value < expected + second && value + second > expected;
}

/** Source: `__kvm_synchronize_tsc`, `kvm_track_tsc_matching`. */
function joinGeneration(kvm: Kvm, vcpu: VcpuRecord, offset: bigint, matched: boolean): void {
  const { memory, ops, vm } = kvm;
  let generation = memory.load64(vm + VM.tscGeneration);
  if (!matched) {
    generation++;
    memory.store64(vm + VM.tscGeneration, generation);
    memory.store64(vm + VM.tscOffsetOfGeneration, offset);
    memory.store32(vm + VM.vcpusMatched, 0);
  } else if (memory.load64(vcpu + VCPU.tscGeneration) !== generation) {
    memory.store32(vm + VM.vcpusMatched, memory.load32(vm + VM.vcpusMatched) + 1);
  }
  memory.store64(vcpu + VCPU.tscGeneration, generation);
  const all = memory.load32(vm + VM.vcpusMatched) + 1 === kvm.vcpuCount;
  memory.store32(vm + VM.vcpusMatchedTsc, all ? 1 : 0);
  const use = all && memory.load32(vm + VM.clocksourceIsTsc) !== 0;
  const used = memory.load32(vm + VM.useMasterClock) !== 0;
  if (use !== used || (used && !matched)) ops.makeRequest(kvm, vcpu, KVM_REQ_MASTERCLOCK_UPDATE);
}
