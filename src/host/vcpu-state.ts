import type { Kvm, VcpuRecord } from './kvm.ts';
import type { LapicState } from './lapic.ts';
import { MSR_IA32_TSC } from './msr.ts';
import { VCPU } from './records.ts';
import { getMsrs, type MsrEntry, msrIndexList, setMsrs } from './vmm-ioctls.ts';

/** What a VMM takes out of a vCPU that is in user space, and puts into another one. */
export interface SavedVcpu {
  /** Frequency of its TSC, kHz (KVM_GET_TSC_KHZ). */
  readonly tscKhz: number;
  /** KVM_GET_MSRS: the TSC first, then all of the interface. */
  readonly msrs: readonly MsrEntry[];
  /** KVM_GET_LAPIC; undefined where the LAPIC is not KVM's. */
  readonly lapic: LapicState | undefined;
  /** Whether the LAPIC is enabled by software (SPIV). */
  readonly apicEnabled: boolean;
  /** A vector that is in service and still to be delivered, or −1 (KVM_GET_VCPU_EVENTS). */
  readonly injectedVector: number;
  /** What CR2 is to hold at a #PF that is still to be delivered, or undefined (KVM_GET_VCPU_EVENTS). */
  readonly pageFaultAddress: number | undefined;
  /** Whether it sleeps in HLT (KVM_GET_MP_STATE). */
  readonly halted: boolean;
}

/** Saves a vCPU, which is in user space. Page faults under way have nothing to save: see restoreVcpu. */
export function saveVcpu(kvm: Kvm, vcpu: VcpuRecord): SavedVcpu {
  const { memory, ops } = kvm;
  const msrs = getMsrs(kvm, vcpu, [MSR_IA32_TSC, ...msrIndexList()]);
  return {
    tscKhz: memory.load32(vcpu + VCPU.virtualTscKhz),
    // The list is shorter than what the ioctl refuses.
    msrs: typeof msrs === 'number' ? [] : msrs,
    lapic: ops.getLapic(kvm, vcpu),
    apicEnabled: memory.load32(vcpu + VCPU.apicEnabled) !== 0,
    injectedVector: memory.load32(vcpu + VCPU.injectedVector) | 0,
    pageFaultAddress: pendingPageFault(kvm, vcpu),
    halted: isHalted(kvm, vcpu),
  };
}

function pendingPageFault(kvm: Kvm, vcpu: VcpuRecord): number | undefined {
  const { memory } = kvm;
  if (memory.load32(vcpu + VCPU.pendingPageFault) === 0) return undefined;
  return memory.load32(vcpu + VCPU.pageFaultAddress);
}

/** Not one that waits for a page: it is none to its guest. A halt that a kick has ended already is over. Source: `kvm_arch_vcpu_ioctl_get_mpstate`. */
function isHalted(kvm: Kvm, vcpu: VcpuRecord): boolean {
  const { memory } = kvm;
  if (kvm.ops.haltedForPage(kvm, vcpu)) return false;
  return memory.load32(vcpu + VCPU.halted) !== 0 && memory.load32(vcpu + VCPU.pvUnhalted) === 0;
}

/**
 * Restores a vCPU that has just been created. ASYNC_PF_EN, written again, makes the host wake every
 * sleeper of the vCPU (token ~0): page faults that were under way stay on the host of before.
 */
export function restoreVcpu(kvm: Kvm, vcpu: VcpuRecord, saved: SavedVcpu): void {
  const { memory, ops } = kvm;
  ops.setTscKhz(kvm, vcpu, saved.tscKhz);
  const [tsc, ...others] = saved.msrs;
  if (tsc !== undefined) setMsrs(kvm, vcpu, [tsc]);
  // Last first: the vector of page-ready before what enables its delivery. One at a time, so that a
  // refused one (nothing backs its address any more) does not end the list.
  for (const entry of others.reverse()) setMsrs(kvm, vcpu, [entry]);
  ops.setApicEnabled(kvm, vcpu, saved.apicEnabled);
  if (saved.lapic !== undefined) ops.setLapic(kvm, vcpu, saved.lapic);
  memory.store32(vcpu + VCPU.injectedVector, saved.injectedVector);
  if (saved.pageFaultAddress !== undefined) ops.queuePageFault(kvm, vcpu, saved.pageFaultAddress);
  memory.store32(vcpu + VCPU.halted, saved.halted ? 1 : 0);
}
