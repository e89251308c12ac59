import { KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_FLUSH_TLB } from '../abi/kvm-steal-time.ts';
import { VCPU } from '../host/records.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { stealArea } from './guest-map.ts';
import type { Ledger } from './ledger.ts';
import type { VcpuThread } from './scenario.ts';

const STRIDE = 64;

/** Ledger bytes of the obligations of up to 32 vCPUs. */
export const OBLIGATION_BYTES = 32 * STRIDE;

/** How many flushes the host must have done for vCPU `id` before it may use memory again. */
export function obligation(ledger: Ledger, at: number, id: number): number {
  return ledger.load32(at + id * STRIDE);
}

/**
 * Watches every instruction of this vCPU's guest that may set FLUSH_TLB, and notes what it obliges the
 * host to: one flush more than there had been just before.
 */
export function noteFlags({ cpu, kvm, ledger }: VcpuThread, at: number, vcpus: number): void {
  const targetOf = (gpa: Gpa): number => {
    for (let id = 0; id < vcpus; id++)
      if (gpa === stealArea(id) + KVM_STEAL_TIME_PREEMPTED) return id;
    return -1;
  };
  const flushesOf = (id: number): number =>
    id < 0 ? 0 : kvm.memory.load32(kvm.vcpu(id) + VCPU.tlbFlushes);
  const note = (id: number, before: number, byte: number): void => {
    if (id < 0 || (byte & KVM_VCPU_FLUSH_TLB) === 0) return;
    if (before + 1 > obligation(ledger, at, id)) ledger.store32(at + id * STRIDE, before + 1);
  };
  const { lockCmpxchg8, lockXchg8, store8, or8 } = cpu;
  cpu.lockCmpxchg8 = (gpa, expected, replacement) => {
    const id = targetOf(gpa);
    const before = flushesOf(id);
    const old = lockCmpxchg8.call(cpu, gpa, expected, replacement);
    if (old === expected) note(id, before, replacement);
    return old;
  };
  cpu.lockXchg8 = (gpa, value) => {
    const id = targetOf(gpa);
    const before = flushesOf(id);
    const old = lockXchg8.call(cpu, gpa, value);
    note(id, before, value);
    return old;
  };
  cpu.store8 = (gpa, value) => {
    const id = targetOf(gpa);
    const before = flushesOf(id);
    store8.call(cpu, gpa, value);
    note(id, before, value);
  };
  cpu.or8 = (gpa, mask) => {
    const id = targetOf(gpa);
    const before = flushesOf(id);
    or8.call(cpu, gpa, mask);
    note(id, before, mask);
  };
}
