import {
  KVM_FEATURE_ASYNC_PF,
  KVM_FEATURE_ASYNC_PF_INT,
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_POLL_CONTROL,
  KVM_FEATURE_PV_EOI,
  KVM_FEATURE_STEAL_TIME,
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
  MSR_KVM_POLL_CONTROL,
  MSR_KVM_PV_EOI_EN,
  MSR_KVM_STEAL_TIME,
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
  msrByIndex,
} from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_OK, MSR_UNSUPPORTED, type MsrResult } from './msr-result.ts';
import { VCPU, VM } from './records.ts';

/** The TSC itself: not of this interface, but what KVM does with the host's writes is. */
export const MSR_IA32_TSC = 0x10;

/** One access, as `struct msr_data` has it. */
export interface MsrAccess {
  readonly index: number;
  /** KVM_SET_MSRS / KVM_GET_MSRS rather than an instruction of the guest. */
  readonly hostInitiated: boolean;
}

interface MsrHandler {
  /** Bit of the feature leaf that enforcement wants; absent where the MSR is the CPU's own. */
  readonly feature?: number;
  get(kvm: Kvm, vcpu: VcpuRecord): bigint;
  set(kvm: Kvm, vcpu: VcpuRecord, access: MsrAccess, value: bigint): MsrResult;
}

const wallClock = (feature: number): MsrHandler => ({
  feature,
  get: (kvm) => kvm.memory.load64(kvm.vm + VM.wallClock),
  set(kvm, _vcpu, _access, value) {
    kvm.memory.store64(kvm.vm + VM.wallClock, value);
    kvm.ops.writeWallClock(kvm, value);
    return MSR_OK;
  },
});

const systemTime = (feature: number): MsrHandler => ({
  feature,
  get: (kvm, vcpu) => kvm.memory.load64(vcpu + VCPU.systemTime),
  set(kvm, vcpu, access, value) {
    const old = access.index === MSR_KVM_SYSTEM_TIME;
    kvm.ops.writeSystemTime(kvm, vcpu, value, old, access.hostInitiated);
    return MSR_OK;
  },
});

/** A mechanism adds its MSRs here; what is not here is an unknown MSR, as it is to KVM. */
const HANDLERS: ReadonlyMap<number, MsrHandler> = new Map<number, MsrHandler>([
  [
    MSR_IA32_TSC,
    {
      get: (kvm, vcpu) => kvm.ops.guestTsc(kvm, vcpu, kvm.cpu.hostTsc()),
      set(kvm, vcpu, { hostInitiated }, value) {
        if (hostInitiated) kvm.ops.synchronizeTsc(kvm, vcpu, value);
        else kvm.ops.writeGuestTsc(kvm, vcpu, value);
        return MSR_OK;
      },
    },
  ],
  [MSR_KVM_WALL_CLOCK, wallClock(KVM_FEATURE_CLOCKSOURCE)],
  [MSR_KVM_WALL_CLOCK_NEW, wallClock(KVM_FEATURE_CLOCKSOURCE2)],
  [MSR_KVM_SYSTEM_TIME, systemTime(KVM_FEATURE_CLOCKSOURCE)],
  [MSR_KVM_SYSTEM_TIME_NEW, systemTime(KVM_FEATURE_CLOCKSOURCE2)],
  [
    MSR_KVM_ASYNC_PF_EN,
    {
      feature: KVM_FEATURE_ASYNC_PF,
      get: (kvm, vcpu) => kvm.memory.load64(vcpu + VCPU.apfMsrEn),
      set: (kvm, vcpu, { hostInitiated }, value) =>
        kvm.ops.writeAsyncPfEnable(kvm, vcpu, value, hostInitiated),
    },
  ],
  [
    MSR_KVM_STEAL_TIME,
    {
      feature: KVM_FEATURE_STEAL_TIME,
      get: (kvm, vcpu) => kvm.memory.load64(vcpu + VCPU.stealTime),
      set: (kvm, vcpu, _access, value) => kvm.ops.writeStealTimeMsr(kvm, vcpu, value),
    },
  ],
  [
    MSR_KVM_PV_EOI_EN,
    {
      feature: KVM_FEATURE_PV_EOI,
      get: (kvm, vcpu) => kvm.memory.load64(vcpu + VCPU.pvEoi),
      set: (kvm, vcpu, _access, value) => kvm.ops.writePvEoiMsr(kvm, vcpu, value),
    },
  ],
  [
    MSR_KVM_POLL_CONTROL,
    {
      feature: KVM_FEATURE_POLL_CONTROL,
      get: (kvm, vcpu) => kvm.memory.load64(vcpu + VCPU.pollControl),
      set: (kvm, vcpu, _access, value) => kvm.ops.writePollControl(kvm, vcpu, value),
    },
  ],
  [
    MSR_KVM_ASYNC_PF_INT,
    {
      feature: KVM_FEATURE_ASYNC_PF_INT,
      get: (kvm, vcpu) => kvm.memory.load64(vcpu + VCPU.apfMsrInt),
      set: (kvm, vcpu, { hostInitiated }, value) =>
        kvm.ops.writeAsyncPfInt(kvm, vcpu, value, hostInitiated),
    },
  ],
  [
    MSR_KVM_ASYNC_PF_ACK,
    {
      feature: KVM_FEATURE_ASYNC_PF_INT,
      get: () => 0n,
      set: (kvm, vcpu, { hostInitiated }, value) =>
        kvm.ops.writeAsyncPfAck(kvm, vcpu, value, hostInitiated),
    },
  ],
]);

/** The handler of an MSR; none where KVM does not know it or the vCPU's CPUID hides it. */
function handlerOf(kvm: Kvm, vcpu: VcpuRecord, index: number): MsrHandler | undefined {
  const handler = HANDLERS.get(index);
  const feature = handler?.feature;
  return feature === undefined || kvm.ops.guestPvHas(kvm, vcpu, feature) ? handler : undefined;
}

/**
 * Whether an access to an MSR that there is not is let go: the VMM may read one that KVM advertises,
 * and write 0 to it; and with `ignore_msrs` everybody may do anything. Source: `kvm_do_msr_access`.
 */
function letGo(kvm: Kvm, { index, hostInitiated }: MsrAccess, value: bigint): boolean {
  if (hostInitiated && value === 0n && msrByIndex(index)?.inIndexList === true) return true;
  return kvm.memory.load32(kvm.vm + VM.ignoreMsrs) !== 0;
}

/** WRMSR, or one entry of KVM_SET_MSRS. Source: `kvm_set_msr_ignored_check`, `kvm_set_msr_common`. */
export function setMsr(kvm: Kvm, vcpu: VcpuRecord, access: MsrAccess, value: bigint): MsrResult {
  const handler = handlerOf(kvm, vcpu, access.index);
  if (handler === undefined) return letGo(kvm, access, value) ? MSR_OK : MSR_UNSUPPORTED;
  return handler.set(kvm, vcpu, access, value);
}

/**
 * RDMSR, or one entry of KVM_GET_MSRS; undefined where unsupported. Source:
 * `kvm_get_msr_ignored_check`, `kvm_get_msr_common`.
 */
export function getMsr(kvm: Kvm, vcpu: VcpuRecord, access: MsrAccess): bigint | undefined {
  const handler = handlerOf(kvm, vcpu, access.index);
  if (handler === undefined) return letGo(kvm, access, 0n) ? 0n : undefined;
  return handler.get(kvm, vcpu);
}
