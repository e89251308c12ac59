import type { HostOps } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import type { HostThread } from './scenario.ts';

/** Ledger: updates of all clocks that have begun, and that have been asked for; per vCPU, the last it took. */
const BEGUN = 0;
const ASKED = 64;
const TAKEN = 128;
const LINE = 64;
/** Ledger bytes of {@link checkRefreshes}, for 64 vCPUs. */
export const REFRESHES_BYTES = TAKEN + 64 * LINE;

/**
 * Checks P5 at every entry: without a master clock the update of one vCPU's line is one of all, or they
 * drift apart for as long as the others are left alone.
 */
export function checkRefreshes(ops: HostOps, thread: HostThread, at: number): HostOps {
  const { ledger } = thread;
  return {
    ...ops,
    globalClockUpdate(kvm, vcpu) {
      ledger.add32(at + BEGUN, 1);
      ops.globalClockUpdate(kvm, vcpu);
      ledger.add32(at + ASKED, 1);
    },
    publishClock(kvm, vcpu, parameters) {
      const taken = at + TAKEN + kvm.memory.load32(vcpu + VCPU.id) * LINE;
      // Before the publication, and after the request for it was taken: counts none too many.
      ledger.store32(taken, ledger.load32(at + BEGUN));
      ops.publishClock(kvm, vcpu, parameters);
    },
    enterGuestMode(kvm, vcpu) {
      // Before the entry looks for requests: those of all updates so far have been posted.
      const asked = ledger.load32(at + ASKED);
      const entered = ops.enterGuestMode(kvm, vcpu);
      if (!entered || kvm.memory.load32(vcpu + VCPU.pvclockActive) === 0) return entered;
      const id = kvm.memory.load32(vcpu + VCPU.id);
      const taken = ledger.load32(at + TAKEN + id * LINE);
      if (taken < asked) {
        thread.violated(
          'P5',
          `vCPU ${id} goes on by update ${taken} of the clocks, and ${asked} have been asked for: its line drifts away from the others'.`,
        );
      }
      return entered;
    },
  };
}
