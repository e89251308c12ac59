import {
  KVM_ENOSYS,
  KVM_EPERM,
  KVM_FEATURE_PV_SCHED_YIELD,
  KVM_FEATURE_PV_SEND_IPI,
  KVM_FEATURE_PV_UNHALT,
  KVM_HC_CLOCK_PAIRING,
  KVM_HC_KICK_CPU,
  KVM_HC_MAP_GPA_RANGE,
  KVM_HC_SCHED_YIELD,
  KVM_HC_SEND_IPI,
  KVM_HC_VAPIC_POLL_IRQ,
} from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';

/** What the CPU was doing when it made the hypercall. */
export interface HypercallCaller {
  /** Privilege level, 0 to 3. Only 0 may call. */
  readonly cpl: number;
  /** 64-bit mode. Outside of it everything is 32 bits wide, the answer too. */
  readonly longMode: boolean;
}

/** A 64-bit kernel. */
export const KERNEL: HypercallCaller = { cpl: 0, longMode: true };

const NOT_THERE = BigInt(-KVM_ENOSYS);

/**
 * A hypercall: what RAX holds afterwards, as a signed number for a 64-bit caller and as an unsigned
 * one of 32 bits otherwise. Source: `____kvm_emulate_hypercall`.
 */
export function hypercall(
  kvm: Kvm,
  vcpu: VcpuRecord,
  nr: number,
  a0: bigint,
  a1: bigint,
  a2: bigint,
  a3: bigint,
  caller: HypercallCaller = KERNEL,
): bigint {
  const { longMode } = caller;
  const width = longMode ? 64 : 32;
  const cut = (value: bigint): bigint => BigInt.asUintN(width, value);
  const args = [cut(a0), cut(a1), cut(a2), cut(a3)] as const;
  // Before the number is looked at: whoever may not call learns nothing.
  const answer = caller.cpl !== 0 ? BigInt(-KVM_EPERM) : dispatch(kvm, vcpu, nr, args, longMode);
  return longMode ? BigInt.asIntN(64, answer) : BigInt.asUintN(32, answer);
}

function dispatch(
  kvm: Kvm,
  vcpu: VcpuRecord,
  nr: number,
  [a0, a1, a2, a3]: readonly [bigint, bigint, bigint, bigint],
  longMode: boolean,
): bigint {
  const { ops } = kvm;
  switch (nr) {
    case KVM_HC_VAPIC_POLL_IRQ:
      return 0n;
    case KVM_HC_KICK_CPU: {
      if (!ops.guestPvHas(kvm, vcpu, KVM_FEATURE_PV_UNHALT)) return NOT_THERE;
      const target = Number(BigInt.asUintN(32, a1));
      // The kick travels from LAPIC to LAPIC.
      if (ops.lapicInKernel(kvm)) ops.kickCpu(kvm, target);
      ops.yieldTo(kvm, vcpu, target);
      return 0n;
    }
    case KVM_HC_CLOCK_PAIRING:
      return ops.clockPairing(kvm, vcpu, a0, a1);
    case KVM_HC_SEND_IPI:
      if (!ops.guestPvHas(kvm, vcpu, KVM_FEATURE_PV_SEND_IPI)) return NOT_THERE;
      return ops.sendIpis(kvm, a0, a1, Number(BigInt.asUintN(32, a2)), a3, longMode);
    case KVM_HC_SCHED_YIELD:
      if (!ops.guestPvHas(kvm, vcpu, KVM_FEATURE_PV_SCHED_YIELD)) return NOT_THERE;
      ops.yieldTo(kvm, vcpu, Number(BigInt.asUintN(32, a0)));
      return 0n;
    case KVM_HC_MAP_GPA_RANGE:
      return ops.mapGpaRange(kvm, vcpu, a0, a1, a2, longMode);
    default:
      return NOT_THERE;
  }
}

/**
 * Gives the physical CPU to a preempted vCPU: a hint, which costs this one its time slice and nothing
 * more. Source: `kvm_sched_yield`.
 */
export function yieldTo(kvm: Kvm, _vcpu: VcpuRecord, apicId: number): void {
  if (apicId < kvm.vcpuCount) kvm.cpu.relax();
}
