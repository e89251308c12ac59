import { NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';

/** Makes the LAPIC of an instance as new, which has had no interrupt but this one. */
export function forgetInterrupt({ memory }: Kvm, vcpu: VcpuRecord, vector: number): void {
  for (const bitmap of [VCPU.irr, VCPU.isr]) memory.store32(vcpu + bitmap + (vector >>> 5) * 4, 0);
  memory.store32(vcpu + VCPU.irrPending, 0);
  memory.store32(vcpu + VCPU.highestIsrCache, NO_VECTOR);
  memory.store32(vcpu + VCPU.injectedVector, NO_VECTOR);
  memory.store32(vcpu + VCPU.interruptWindow, 0);
}
