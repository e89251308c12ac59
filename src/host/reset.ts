import { NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { APIC_WORDS, VCPU } from './records.ts';
import { KVM_REQ_EVENT } from './requests.ts';

/** Bits of the value that disables each of the areas. */
const OFF = 0n;

/**
 * INIT or RESET of a vCPU, which is out of guest mode. The areas of this vCPU are given up; the wall
 * clock (the VM's), POLL_CONTROL, the TSC, CPUID and what steal time has counted stay. RESET is the
 * same to this interface. Source: `kvm_vcpu_reset`, `kvmclock_reset`, `kvm_lapic_reset`.
 */
export function resetVcpu(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  memory.store64(vcpu + VCPU.systemTime, OFF);
  memory.store32(vcpu + VCPU.pvclockActive, 0);
  memory.store64(vcpu + VCPU.stealTime, OFF);
  // Disabled as by the host's own write: what is outstanding is dropped.
  ops.writeAsyncPfEnable(kvm, vcpu, OFF, true);
  memory.store64(vcpu + VCPU.apfMsrInt, OFF);
  memory.store32(vcpu + VCPU.pendingPageFault, 0);
  ops.makeRunnable(kvm, vcpu);
  if (ops.lapicInKernel(kvm)) resetLapic(kvm, vcpu);
  ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
}

/** Nothing in service, nothing pending, disabled by software. Without a LAPIC, PV EOI keeps its MSR. */
function resetLapic(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory } = kvm;
  for (let word = 0; word < APIC_WORDS; word++) {
    memory.store32(vcpu + VCPU.irr + word * 4, 0);
    memory.store32(vcpu + VCPU.isr + word * 4, 0);
    memory.store32(vcpu + VCPU.tmr + word * 4, 0);
  }
  memory.store32(vcpu + VCPU.irrPending, 0);
  memory.store32(vcpu + VCPU.highestIsrCache, NO_VECTOR);
  memory.store32(vcpu + VCPU.injectedVector, NO_VECTOR);
  memory.store32(vcpu + VCPU.interruptWindow, 0);
  memory.store32(vcpu + VCPU.tpr, 0);
  memory.store32(vcpu + VCPU.ppr, 0);
  memory.store32(vcpu + VCPU.apicEnabled, 0);
  memory.store64(vcpu + VCPU.pvEoi, OFF);
  memory.store32(vcpu + VCPU.pvEoiPending, 0);
}
