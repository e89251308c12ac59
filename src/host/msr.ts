import {
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_PV_EOI,
  KVM_FEATURE_STEAL_TIME,
  MSR_KVM_PV_EOI_EN,
  MSR_KVM_STEAL_TIME,
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
} from '../abi/index.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_OK, MSR_UNSUPPORTED, type MsrResult } from './msr-result.ts';
import { VCPU, VM } from './records.ts';

/** One access, as `struct msr_data` has it. */
export interface MsrAccess {
  readonly index: number;
  /** KVM_SET_MSRS / KVM_GET_MSRS rather than an instruction of the guest. */
  readonly hostInitiated: boolean;
}

interface MsrHandler {
  /** Bit of the feature leaf that enforcement wants. */
  readonly feature: number;
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
  [MSR_KVM_WALL_CLOCK, wallClock(KVM_FEATURE_CLOCKSOURCE)],
  [MSR_KVM_WALL_CLOCK_NEW, wallClock(KVM_FEATURE_CLOCKSOURCE2)],
  [MSR_KVM_SYSTEM_TIME, systemTime(KVM_FEATURE_CLOCKSOURCE)],
  [MSR_KVM_SYSTEM_TIME_NEW, systemTime(KVM_FEATURE_CLOCKSOURCE2)],
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
]);

/** WRMSR, or one entry of KVM_SET_MSRS. Source: `kvm_set_msr_common`. */
export function setMsr(kvm: Kvm, vcpu: VcpuRecord, access: MsrAccess, value: bigint): MsrResult {
  const handler = HANDLERS.get(access.index);
  if (handler === undefined || !kvm.ops.guestPvHas(kvm, vcpu, handler.feature)) {
    return MSR_UNSUPPORTED;
  }
  return handler.set(kvm, vcpu, access, value);
}

/** RDMSR, or one entry of KVM_GET_MSRS; undefined where unsupported. Source: `kvm_get_msr_common`. */
export function getMsr(kvm: Kvm, vcpu: VcpuRecord, access: MsrAccess): bigint | undefined {
  const handler = HANDLERS.get(access.index);
  if (handler === undefined || !kvm.ops.guestPvHas(kvm, vcpu, handler.feature)) return undefined;
  return handler.get(kvm, vcpu);
}
