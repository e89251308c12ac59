import {
  PVCLOCK_FLAGS,
  PVCLOCK_GUEST_STOPPED,
  PVCLOCK_PAD0,
  PVCLOCK_SYSTEM_TIME,
  PVCLOCK_TSC_SHIFT,
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_TSC_TIMESTAMP,
  PVCLOCK_TSC_TO_SYSTEM_MUL,
  PVCLOCK_VCPU_TIME_INFO_BYTES,
  PVCLOCK_VERSION,
} from '../abi/index.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';
import {
  KVM_REQ_CLOCK_UPDATE,
  KVM_REQ_GLOBAL_CLOCK_UPDATE,
  KVM_REQ_MASTERCLOCK_UPDATE,
} from './requests.ts';
import { tscTimeScale } from './time-scale.ts';

const PAGE_BYTES = 4096n;
const AREA_BYTES = BigInt(PVCLOCK_VCPU_TIME_INFO_BYTES);

/** What one publication says, besides its version. */
export interface ClockParameters {
  /** Guest TSC at the publication. */
  readonly tscTimestamp: bigint;
  /** Guest time then, ns, modulo 2^64. */
  readonly systemTime: bigint;
  readonly mul: number;
  readonly shift: number;
  /** Without the guest's own GUEST_STOPPED, which the publication retains. */
  readonly flags: number;
}

/**
 * WRMSR of 0x12 or 0x4b564d01. Never faults. Source: `kvm_write_system_time`.
 *
 * @param oldMsr whether the index was 0x12
 */
export function writeSystemTime(
  kvm: Kvm,
  vcpu: VcpuRecord,
  value: bigint,
  oldMsr: boolean,
  hostInitiated: boolean,
): void {
  const { memory, ops, vm } = kvm;
  if (memory.load32(vcpu + VCPU.id) === 0 && !hostInitiated) {
    if ((memory.load32(vm + VM.bootVcpuRunsOldKvmclock) !== 0) !== oldMsr) {
      ops.makeRequest(kvm, vcpu, KVM_REQ_MASTERCLOCK_UPDATE);
    }
    memory.store32(vm + VM.bootVcpuRunsOldKvmclock, oldMsr ? 1 : 0);
  }
  memory.store64(vcpu + VCPU.systemTime, value);
  ops.makeRequest(kvm, vcpu, KVM_REQ_GLOBAL_CLOCK_UPDATE);
  if ((value & 1n) === 0n) {
    memory.store32(vcpu + VCPU.pvclockActive, 0);
    return;
  }
  // An area that crosses a page is refused before anything changes: one that was active stays so.
  const gpa = value & ~1n;
  if ((gpa % PAGE_BYTES) + AREA_BYTES > PAGE_BYTES) return;
  memory.store64(vcpu + VCPU.pvclockGpa, gpa);
  memory.store32(vcpu + VCPU.pvclockActive, 1);
}

/** Asks every vCPU for a clock update. Source: `kvm_gen_kvmclock_update`. */
export function globalClockUpdate(kvm: Kvm, vcpu: VcpuRecord): void {
  const { ops } = kvm;
  const count = kvm.vcpuCount;
  for (let id = 0; id < count; id++) {
    const other = kvm.vcpu(id);
    ops.makeRequest(kvm, other, KVM_REQ_CLOCK_UPDATE);
    if (other !== vcpu) ops.kickVcpu(kvm, other);
  }
}

/** Computes a vCPU's clock parameters and publishes them. Source: `kvm_guest_time_update`. */
export function guestTimeUpdate(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  const parameters = ops.clockParameters(kvm, vcpu);
  if (memory.load32(vcpu + VCPU.pvclockActive) === 0) return;
  let { flags } = parameters;
  if (memory.load32(vcpu + VCPU.pvclockSetGuestStopped) !== 0) {
    flags |= PVCLOCK_GUEST_STOPPED;
    memory.store32(vcpu + VCPU.pvclockSetGuestStopped, 0);
  }
  ops.publishClock(kvm, vcpu, { ...parameters, flags });
}

/** The compute phase. Source: `kvm_guest_time_update`. */
export function clockParameters(kvm: Kvm, vcpu: VcpuRecord): ClockParameters {
  const { memory, ops, vm } = kvm;
  let useMasterClock: boolean;
  let hostTsc: bigint;
  let kernelNs: bigint;
  let sequence: number;
  do {
    sequence = ops.beginClockRead(kvm);
    useMasterClock = memory.load32(vm + VM.useMasterClock) !== 0;
    hostTsc = memory.load64(vm + VM.masterCycleNow);
    kernelNs = memory.load64(vm + VM.masterKernelNs);
  } while (ops.retryClockRead(kvm, sequence));
  if (!useMasterClock) {
    // Two readings, one after the other: the pair belongs to no single instant.
    hostTsc = kvm.cpu.hostTsc();
    kernelNs = ops.bootRawNs(kvm);
  }
  const kHz = ops.clockScaleKhz(kvm, vcpu);
  if (memory.load32(vcpu + VCPU.hwTscKhz) !== kHz) {
    const scale = tscTimeScale(kHz);
    memory.store32(vcpu + VCPU.pvclockMul, scale.mul);
    memory.store32(vcpu + VCPU.pvclockShift, scale.shift);
    memory.store32(vcpu + VCPU.hwTscKhz, kHz);
  }
  return {
    tscTimestamp: ops.guestTsc(kvm, vcpu, hostTsc),
    systemTime: BigInt.asUintN(64, kernelNs + memory.load64(vm + VM.kvmclockOffset)),
    mul: memory.load32(vcpu + VCPU.pvclockMul),
    shift: memory.load32(vcpu + VCPU.pvclockShift) | 0,
    flags: useMasterClock ? PVCLOCK_TSC_STABLE_BIT : 0,
  };
}

/** The frequency that a vCPU's multiplier is made for: that of its own TSC. */
export function clockScaleKhz(kvm: Kvm, vcpu: VcpuRecord): number {
  return kvm.memory.load32(vcpu + VCPU.tscKhz);
}

/** The publish phase: writes an area under its version. Source: `kvm_setup_guest_pvclock`. */
export function publishClock(kvm: Kvm, vcpu: VcpuRecord, parameters: ClockParameters): void {
  const { ops } = kvm;
  const gpa = Number(kvm.memory.load64(vcpu + VCPU.pvclockGpa));
  const area = kvm.cpu.translate(gpa, PVCLOCK_VCPU_TIME_INFO_BYTES);
  if (area === UNBACKED) return;
  const version = ops.beginPublication(kvm, area);
  const flags = parameters.flags | ops.retainedFlags(kvm, area);
  ops.copyClock(kvm, area, version, { ...parameters, flags });
  ops.endPublication(kvm, area, version);
}

/** Makes the version of an area odd, and returns it. */
export function beginPublication(kvm: Kvm, area: HostAddress): number {
  const { memory, ops } = kvm;
  // Junk that is odd already is taken for an update that never ended.
  const version = ops.oddVersion(memory.load32(area + PVCLOCK_VERSION));
  memory.store32(area + PVCLOCK_VERSION, version);
  // Odd before the data: pairs with the reader's barrier before its second version load.
  memory.wmb();
  return version;
}

/** Makes it even again. */
export function endPublication(kvm: Kvm, area: HostAddress, version: number): void {
  // Even after the data: pairs with the reader's barrier after its first version load.
  kvm.memory.wmb();
  kvm.memory.store32(area + PVCLOCK_VERSION, (version + 1) >>> 0);
}

/** The version of an update in progress, after `version`. */
export function oddVersion(version: number): number {
  return ((version + 1) | 1) >>> 0;
}

/** Flags that the guest has not cleared yet. Source: `kvm_setup_guest_pvclock`. */
export function retainedFlags(kvm: Kvm, area: HostAddress): number {
  return kvm.memory.load8(area + PVCLOCK_FLAGS) & PVCLOCK_GUEST_STOPPED;
}

/** Copies all 32 bytes, lowest address first. */
export function copyClock(
  kvm: Kvm,
  area: HostAddress,
  version: number,
  parameters: ClockParameters,
): void {
  const { memory } = kvm;
  memory.store32(area + PVCLOCK_VERSION, version);
  memory.store32(area + PVCLOCK_PAD0, 0);
  memory.store64(area + PVCLOCK_TSC_TIMESTAMP, parameters.tscTimestamp);
  memory.store64(area + PVCLOCK_SYSTEM_TIME, parameters.systemTime);
  memory.store32(area + PVCLOCK_TSC_TO_SYSTEM_MUL, parameters.mul);
  // Shift, flags and the two pad bytes are one aligned 32-bit word.
  memory.store32(
    area + PVCLOCK_TSC_SHIFT,
    ((parameters.shift & 0xff) | (parameters.flags << 8)) >>> 0,
  );
}
