import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';
import { KVM_REQ_STEAL_UPDATE } from './requests.ts';

/** How many spins a preempted vCPU thread stays off its physical CPU. */
const SPINS_OFF_CPU = 16;

/**
 * The exit for an interrupt of the host: between two guest instructions, so the scheduler may take
 * the physical CPU away here. Source: `vmx_handle_exit_irqoff`, `need_resched`.
 */
export function handleExternalInterrupt(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  memory.store32(vcpu + VCPU.atInstructionBoundary, 1);
  if (memory.load32(vcpu + VCPU.needReschedule) !== 0) {
    // Taken whole: pairs with preemptVcpu, which may ask again at any time.
    const nanoseconds = memory.lockXchg32(vcpu + VCPU.needReschedule, 0);
    ops.scheduleOut(kvm, vcpu);
    for (let spin = 0; spin < SPINS_OFF_CPU; spin++) kvm.cpu.relax();
    ops.scheduleIn(kvm, vcpu, nanoseconds);
  }
  memory.store32(vcpu + VCPU.atInstructionBoundary, 0);
}

/** The vCPU thread is preempted while it wants to run. Source: `kvm_sched_out`, `kvm_arch_vcpu_put`. */
export function scheduleOut(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.ops.setPreempted(kvm, vcpu);
}

/**
 * The vCPU thread is back on a physical CPU. Source: `kvm_sched_in`, `kvm_arch_vcpu_load`.
 *
 * @param waited ns that it was runnable and did not run
 */
export function scheduleIn(kvm: Kvm, vcpu: VcpuRecord, waited: number): void {
  const { memory, ops } = kvm;
  const runDelay = memory.load64(vcpu + VCPU.runDelay) + BigInt(waited);
  memory.store64(vcpu + VCPU.runDelay, BigInt.asUintN(64, runDelay));
  ops.makeRequest(kvm, vcpu, KVM_REQ_STEAL_UPDATE);
}

/** Asks for a vCPU's physical CPU, as another task of the host would: it is off it for that long. */
export function preemptVcpu(kvm: Kvm, vcpu: VcpuRecord, nanoseconds: number): void {
  kvm.memory.store32(vcpu + VCPU.needReschedule, nanoseconds);
  kvm.cpu.sendKick(vcpu + VCPU.kick);
}
