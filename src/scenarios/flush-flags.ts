import { KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_FLUSH_TLB } from '../abi/kvm-steal-time.ts';
import { VCPU } from '../host/records.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { stealArea } from './guest-map.ts';
import type { Ledger } from './ledger.ts';
import type { VcpuThread } from './scenario.ts';

const STRIDE = 64;

/** Instructions that may set the flag: at the address of `preempted` it is in the lowest byte of each. */
const SETTING = [
  'lockCmpxchg8',
  'lockXchg8',
  'store8',
  'or8',
  'lockCmpxchg32',
  'lockXchg32',
  'lockOr32',
  'store16',
  'store32',
  'or32',
] as const;

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
  for (const name of SETTING) {
    const instruction = cpu[name] as (gpa: Gpa, value: number, replacement?: number) => number;
    const compares = name.startsWith('lockCmpxchg');
    const noted = (gpa: Gpa, value: number, replacement?: number): number => {
      const id = targetOf(gpa);
      const before = flushesOf(id);
      const old = instruction.call(cpu, gpa, value, replacement);
      if (!compares) note(id, before, value);
      else if (old === value) note(id, before, replacement!);
      return old;
    };
    Object.assign(cpu, { [name]: noted });
  }
}
