import type { VcpuThread } from './scenario.ts';

/** KVM_RUN returns, and is called again when the vCPU's thread has done this for the VMM. */
export function returnToUser({ cpu, kvm, vcpu }: VcpuThread, vmm: () => void): void {
  const { ops } = kvm;
  cpu.exitToUser(() => {
    ops.putVcpu(kvm, vcpu);
    ops.endRun(kvm, vcpu);
    vmm();
    ops.beginRun(kvm, vcpu);
    ops.loadVcpu(kvm, vcpu);
  });
}
