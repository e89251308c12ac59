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
  const { memory, ops, vm } = kvm;
  if ((data.flags & ~KVM_CLOCK_VALID_FLAGS) !== 0) return false;
  ops.startPvclockUpdate(kvm);
  ops.updateGtodCopy(kvm);
  let clock = data.clock;
  if ((data.flags & KVM_CLOCK_REALTIME) !== 0) {
    const now = ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
    // Only ever forward: a destination whose realtime is behind adds nothing.
    if (now > data.realtime) clock += now - data.realtime;
  }
  // Minus the pair's ns, not minus "now": a small clock would make system_time wrap below zero.
  const base =
    memory.load32(vm + VM.useMasterClock) !== 0
      ? memory.load64(vm + VM.masterKernelNs)
      : ops.bootRawNs(kvm);
  memory.store64(vm + VM.kvmclockOffset, BigInt.asUintN(64, clock - base));
  ops.endPvclockUpdate(kvm);
  return true;
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
