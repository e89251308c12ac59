import { msrByIndex } from '../abi/msr.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';

/**
 * The VMM takes the vCPU back to how it was saved: KVM_GET_MSRS and the like, INIT, KVM_SET_MSRS. Not the
 * registers of the VM, which other vCPUs write meanwhile.
 */
export function takeBack(kvm: Kvm, vcpu: VcpuRecord): void {
  const saved = kvm.ops.saveVcpu(kvm, vcpu);
  kvm.ops.resetVcpu(kvm, vcpu);
  const msrs = saved.msrs.filter(({ index }) => msrByIndex(index)?.scope !== 'vm');
  kvm.ops.restoreVcpu(kvm, vcpu, { ...saved, msrs });
}
