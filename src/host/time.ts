import { guestTscAt, makeGuestTsc } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';

/**
 * The host's raw monotonic clock plus the boot offset at host TSC `tsc`, in ns.
 * Source: `get_kvmclock_base_ns`.
 */
export function bootRawNsAt(kvm: Kvm, tsc: bigint): bigint {
  const { memory, vm } = kvm;
  const numerator = memory.load64(vm + VM.rawClockNumerator);
  const denominator = memory.load64(vm + VM.rawClockDenominator);
  const sinceBoot = (tsc * numerator) / denominator;
  return BigInt.asUintN(64, sinceBoot + memory.load64(vm + VM.rawClockBoot));
}

/** The same, now: a TSC reading of its own, some time after whatever was read before it. */
export function bootRawNs(kvm: Kvm): bigint {
  const gap = kvm.memory.load32(kvm.vm + VM.samplingGap);
  if (gap !== 0) kvm.cpu.passTime(gap);
  return kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc());
}

/** CLOCK_REALTIME at host TSC `tsc`, in ns since 1970. */
export function realtimeNsAt(kvm: Kvm, tsc: bigint): bigint {
  const offset = kvm.memory.load64(kvm.vm + VM.realtimeOffset);
  return BigInt.asUintN(64, kvm.ops.bootRawNsAt(kvm, tsc) + offset);
}

/** What a vCPU's RDTSC gives where the host's gives `hostTsc`. Source: `kvm_read_l1_tsc`. */
export function guestTsc(kvm: Kvm, vcpu: VcpuRecord, hostTsc: bigint): bigint {
  const { memory } = kvm;
  const offset = memory.load64(vcpu + VCPU.tscOffset);
  const ratio = memory.load64(vcpu + VCPU.tscRatio);
  return guestTscAt(hostTsc, makeGuestTsc(offset, ratio));
}
