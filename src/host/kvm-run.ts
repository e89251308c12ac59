import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';
import { KVM_REQ_STEAL_UPDATE, KVM_REQ_USER_EXIT } from './requests.ts';

/** The ioctl KVM_RUN begins: the vCPU is on this thread from now on. */
export function beginRun(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.memory.store32(vcpu + VCPU.inKvmRun, 1);
  kvm.memory.store32(vcpu + VCPU.hasRun, 1);
  // Before the look for a signal, which the entry takes: pairs with the locked OR in stopVcpus.
  kvm.memory.mb();
}

/** KVM_RUN returns to user space. */
export function endRun(kvm: Kvm, vcpu: VcpuRecord): void {
  // Implied by TSO in KVM. All that the vCPU has written before: pairs with the barrier in stopVcpus.
  kvm.memory.wmb();
  kvm.memory.store32(vcpu + VCPU.inKvmRun, 0);
}

/** Whether a signal wants this thread back in user space. Source: `signal_pending`. */
export function signalPending(kvm: Kvm, vcpu: VcpuRecord): boolean {
  return (kvm.memory.load32(vcpu + VCPU.requests) & KVM_REQ_USER_EXIT) !== 0;
}

/** Leaves KVM_RUN for as long as the VMM wants the vCPU stopped, then calls it again. */
export function waitInUserSpace(kvm: Kvm, vcpu: VcpuRecord): void {
  const { ops } = kvm;
  ops.putVcpu(kvm, vcpu);
  while (ops.signalPending(kvm, vcpu)) {
    ops.endRun(kvm, vcpu);
    while (ops.signalPending(kvm, vcpu)) kvm.cpu.relax();
    // Once more around if the next stop is under way already: nothing has been done in between.
    ops.beginRun(kvm, vcpu);
  }
  ops.loadVcpu(kvm, vcpu);
}

/**
 * The thread takes the vCPU off its physical CPU to do something else, by its own will: that is no
 * preemption. Source: `kvm_arch_vcpu_put`.
 */
export function putVcpu(_kvm: Kvm, _vcpu: VcpuRecord): void {}

/** The thread takes the vCPU onto a physical CPU. Source: `kvm_arch_vcpu_load`. */
export function loadVcpu(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_STEAL_UPDATE);
}

/** The VMM signals all vCPU threads and waits until each is in user space. */
export function stopVcpus(kvm: Kvm): void {
  const { memory, ops } = kvm;
  const count = kvm.vcpuCount;
  for (let id = 0; id < count; id++) ops.makeRequest(kvm, kvm.vcpu(id), KVM_REQ_USER_EXIT);
  for (let id = 0; id < count; id++) ops.kickVcpu(kvm, kvm.vcpu(id));
  for (let id = 0; id < count; id++) {
    while (memory.load32(kvm.vcpu(id) + VCPU.inKvmRun) !== 0) kvm.cpu.relax();
  }
  // What the VMM looks at from here on is as the vCPUs have left it: pairs with the barrier in endRun.
  memory.rmb();
}

/** The VMM lets all vCPU threads call KVM_RUN again. */
export function resumeVcpus(kvm: Kvm): void {
  const count = kvm.vcpuCount;
  for (let id = 0; id < count; id++) kvm.ops.clearRequest(kvm, kvm.vcpu(id), KVM_REQ_USER_EXIT);
}
