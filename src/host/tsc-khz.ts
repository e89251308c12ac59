import { KVM_EINVAL } from '../abi/index.ts';
import { TSC_RATIO_ONE } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';

/** How far a guest's TSC may be off the host's and still count as the same. Source: `tsc_tolerance_ppm`. */
const TOLERANCE_PPM = 250;
const PPM = 1_000_000;

/**
 * KVM_SET_TSC_KHZ on a vCPU: 0, or -EINVAL where the host cannot do it; what KVM_GET_TSC_KHZ says
 * changes all the same. 0 asks for the host's own. Source: `kvm_set_tsc_khz`, `set_tsc_khz`.
 */
export function setTscKhz(kvm: Kvm, vcpu: VcpuRecord, kHz: number): number {
  const { memory, vm } = kvm;
  const hostKhz = memory.load32(vm + VM.hostTscKhz);
  const wanted = kHz === 0 ? hostKhz : kHz;
  memory.store32(vcpu + VCPU.virtualTscKhz, wanted);
  if (memory.load32(vm + VM.tscScaling) !== 0) {
    memory.store32(vcpu + VCPU.tscKhz, wanted);
    memory.store64(vcpu + VCPU.tscRatio, (BigInt(wanted) * TSC_RATIO_ONE) / BigInt(hostKhz));
    return 0;
  }
  const tolerance = Math.floor((hostKhz * TOLERANCE_PPM) / PPM);
  if (Math.abs(wanted - hostKhz) <= tolerance) {
    memory.store32(vcpu + VCPU.tscAlwaysCatchup, 0);
    return 0;
  }
  // Without scaling a TSC can be pushed forward at every exit, but never held back.
  if (wanted < hostKhz) return -KVM_EINVAL;
  memory.store32(vcpu + VCPU.tscAlwaysCatchup, 1);
  return 0;
}

/** KVM_SET_TSC_KHZ on a VM: the frequency of vCPUs to come. Source: `kvm_arch_vm_ioctl`. */
export function setVmTscKhz(kvm: Kvm, kHz: number): number {
  const { memory, vm } = kvm;
  if (memory.load32(vm + VM.tscScaling) === 0) return -KVM_EINVAL;
  for (let id = 0; id < kvm.vcpuCount; id++) setTscKhz(kvm, kvm.vcpu(id), kHz);
  return 0;
}
