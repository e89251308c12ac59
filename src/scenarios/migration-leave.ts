import { KVM_EXIT_X86_WRMSR, MSR_KVM_MIGRATION_CONTROL } from '../abi/index.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import type { HostThread, VcpuThread } from './scenario.ts';

/** Ledger bytes for up to 64 vCPUs: what each has last written to MIGRATION_CONTROL. */
export const MIGRATION_LEAVE_BYTES = 64 * 8;

/** Makes the VMM note what each vCPU writes to MIGRATION_CONTROL. */
export function noteLeaves(ops: HostOps, { ledger }: HostThread, base: number): HostOps {
  return {
    ...ops,
    vmmServesMsr(kvm, vcpu, exit) {
      const answer = ops.vmmServesMsr(kvm, vcpu, exit);
      const written = exit.exit === KVM_EXIT_X86_WRMSR && exit.index === MSR_KVM_MIGRATION_CONTROL;
      if (written && answer !== undefined)
        ledger.store64(base + kvm.memory.load32(vcpu + VCPU.id) * 8, exit.data);
      return answer;
    },
  };
}

/**
 * G1 of a vCPU that goes offline: it has taken back its leave to be moved, which was given for a guest
 * that runs. Other vCPUs may give it again: only its own last word counts.
 */
export function checkLeaveTaken({ cpu, ledger, violated }: VcpuThread, base: number): void {
  const last = ledger.load64(base + cpu.id * 8);
  if (last === 0n) return;
  violated(
    'G1',
    `vCPU ${cpu.id} went offline, and the last that it wrote to MIGRATION_CONTROL is ${last}: the VMM may move it.`,
  );
}
