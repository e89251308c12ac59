import { anotherHost, serveMigrationControl } from './hosts.ts';
import { askForMapGpaRange } from './map-gpa-range.ts';
import { MOVES } from './migration-watch.ts';
import { MIGRATION, MOVED, STANDS_BY, STAYED } from './moved-ledger.ts';
import { returnToUser } from './return-to-user.ts';
import type { VcpuThread } from './scenario.ts';

/**
 * A vCPU's own thread returns from KVM_RUN, moves the VM as its VMM, and calls KVM_RUN again. With one
 * vCPU nobody else touches its records, so that an engine explores little more than the guest's steps.
 */
export function moveOnOwnThread(thread: VcpuThread): () => void {
  const { kvm, outcome } = thread;
  askForMapGpaRange(thread);
  serveMigrationControl(thread);
  return () => {
    returnToUser(thread, () => {
      outcome(kvm.ops.migrate(kvm, anotherHost(thread)) ? MOVED : STAYED);
    });
  };
}

/**
 * A vCPU is in user space when the VMM comes to stop it, and stays there until the VM has been moved: what the
 * two race for is what comes then.
 */
export function standBy(thread: VcpuThread): () => void {
  const { kvm, ledger } = thread;
  return () => {
    returnToUser(thread, () => {
      ledger.store32(STANDS_BY, 1);
      while (ledger.load32(MIGRATION + MOVES) === 0) kvm.cpu.relax();
    });
  };
}
