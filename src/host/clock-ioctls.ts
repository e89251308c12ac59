import {
  KVM_CLOCK_HOST_TSC,
  KVM_CLOCK_REALTIME,
  KVM_CLOCK_TSC_STABLE,
  KVM_CLOCK_VALID_FLAGS,
} from '../abi/index.ts';
import { scaleDelta } from '../abi/pvclock-scale.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';
import { KVM_REQ_CLOCK_UPDATE } from './requests.ts';
import { tscTimeScale } from './time-scale.ts';

/** `struct kvm_clock_data`, as the ioctls exchange it. */
export interface ClockData {
  /** kvmclock, ns. */
  readonly clock: bigint;
  /** `KVM_CLOCK_*`. */
  readonly flags: number;
  /** CLOCK_REALTIME at the same instant, ns; meaningful with KVM_CLOCK_REALTIME. */
  readonly realtime: bigint;
  /** Host TSC at the same instant; meaningful with KVM_CLOCK_HOST_TSC. */
  readonly hostTsc: bigint;
}

/** `KVM_GET_CLOCK`: the VM's clock, consistent with what its vCPUs are told. Source: `get_kvmclock`. */
export function getClock(kvm: Kvm): ClockData {
  const { ops } = kvm;
  let data: ClockData;
  let sequence: number;
  do {
    sequence = ops.beginClockRead(kvm);
    data = ops.readClockData(kvm);
  } while (ops.retryClockRead(kvm, sequence));
  return data;
}

/** One try, inside the sequence count. Source: `__get_kvmclock`. */
export function readClockData(kvm: Kvm): ClockData {
  const { memory, ops, vm } = kvm;
  const offset = memory.load64(vm + VM.kvmclockOffset);
  if (memory.load32(vm + VM.useMasterClock) === 0) {
    const clock = BigInt.asUintN(64, ops.bootRawNs(kvm) + offset);
    return { clock, flags: 0, realtime: 0n, hostTsc: 0n };
  }
  const hostTsc = kvm.cpu.hostTsc();
  const scale = tscTimeScale(memory.load32(vm + VM.hostTscKhz));
  const elapsed = scaleDelta(
    BigInt.asUintN(64, hostTsc - memory.load64(vm + VM.masterCycleNow)),
    scale.mul,
    scale.shift,
  );
  return {
    clock: BigInt.asUintN(64, memory.load64(vm + VM.masterKernelNs) + offset + elapsed),
    flags: KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC,
    realtime: ops.realtimeNsAt(kvm, hostTsc),
    hostTsc,
  };
}

/**
 * `KVM_SET_CLOCK`: makes the VM's clock continue from `data.clock`. Returns false (-EINVAL) for an
 * unknown flag. Source: `kvm_vm_ioctl_set_clock`.
 */
export function setClock(kvm: Kvm, data: Pick<ClockData, 'clock' | 'flags' | 'realtime'>): boolean {
  const { ops } = kvm;
  if ((data.flags & ~KVM_CLOCK_VALID_FLAGS) !== 0) return false;
  ops.startPvclockUpdate(kvm);
  ops.updateGtodCopy(kvm);
  ops.setClockOffset(kvm, data);
  ops.endPvclockUpdate(kvm);
  return true;
}

/** Makes the clock continue from `data.clock`, while no guest runs. */
export function setClockOffset(
  kvm: Kvm,
  data: Pick<ClockData, 'clock' | 'flags' | 'realtime'>,
): void {
  const { memory, ops, vm } = kvm;
  const passed = (data.flags & KVM_CLOCK_REALTIME) === 0 ? 0n : ops.passedSince(kvm, data.realtime);
  const offset = data.clock + passed - ops.clockBaseNs(kvm);
  memory.store64(vm + VM.kvmclockOffset, BigInt.asUintN(64, offset));
}

/** Nanoseconds since a CLOCK_REALTIME. Only ever forward: where realtime is behind, none have passed. */
export function passedSince(kvm: Kvm, realtime: bigint): bigint {
  const now = kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
  return now > realtime ? now - realtime : 0n;
}

/** What the clock's offset is added to: the pair's ns, not "now", or a small clock would wrap below zero. */
export function clockBaseNs(kvm: Kvm): bigint {
  const { memory, ops, vm } = kvm;
  return memory.load32(vm + VM.useMasterClock) !== 0
    ? memory.load64(vm + VM.masterKernelNs)
    : ops.bootRawNs(kvm);
}

/**
 * `KVM_KVMCLOCK_CTRL`: tells the guest that its vCPU was stopped, at the next update. Returns false
 * (-EINVAL) where the vCPU's clock area is not active. Source: `kvm_set_guest_paused`.
 */
export function setGuestPaused(kvm: Kvm, vcpu: VcpuRecord): boolean {
  if (kvm.memory.load32(vcpu + VCPU.pvclockActive) === 0) return false;
  kvm.memory.store32(vcpu + VCPU.pvclockSetGuestStopped, 1);
  kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_CLOCK_UPDATE);
  return true;
}
