import type { HostOps } from '../host/host-ops.ts';
import type { Kvm } from '../host/kvm.ts';
import { VCPU, VM } from '../host/records.ts';
import type { HostThread } from './scenario.ts';

/** Looks at the pairs, while new ones are noted. */
const MOST_TRIES = 4;
/** Pairs that the ledger remembers. */
const REMEMBERED = 32;
const PAIRS = 64;
const PAIR_BYTES = 16;
/** Ledger bytes of {@link checkPairs}. */
export const MASTER_PAIRS_BYTES = PAIRS + REMEMBERED * PAIR_BYTES;

/**
 * Checks P1 where a vCPU publishes: the TSC of one of the master clock's pairs does not come with the ns
 * of another. Whoever reads that area from another vCPU could take it for a publication.
 */
export function checkPairs(ops: HostOps, thread: HostThread, at: number): HostOps {
  const { ledger } = thread;
  return {
    ...ops,
    updateGtodCopy(kvm) {
      // The one that the vCPUs were created with has been noted by nobody.
      if (ledger.load32(at) === 0) note(kvm);
      ops.updateGtodCopy(kvm);
      note(kvm);
    },
    publishClock(kvm, vcpu, parameters) {
      const { memory, vm } = kvm;
      // A vCPU whose TSC is scaled would need the way back from its TSC to the host's.
      const offset = memory.load64(vcpu + VCPU.tscOffset);
      const cycle = BigInt.asUintN(64, parameters.tscTimestamp - offset);
      const nanoseconds = parameters.systemTime - memory.load64(vm + VM.kvmclockOffset);
      if (isMixture(cycle, BigInt.asUintN(64, nanoseconds))) {
        thread.violated(
          'P1',
          `vCPU ${memory.load32(vcpu + VCPU.id)} was about to publish the TSC of one pair, ${cycle}, with the ns of another, ${nanoseconds}.`,
        );
      }
      ops.publishClock(kvm, vcpu, parameters);
    },
  };

  function note({ memory, vm }: Kvm): void {
    const number = ledger.load32(at);
    const row = at + PAIRS + (number % REMEMBERED) * PAIR_BYTES;
    ledger.store64(row, memory.load64(vm + VM.masterCycleNow));
    ledger.store64(row + 8, memory.load64(vm + VM.masterKernelNs));
    ledger.store32(at, number + 1);
  }

  /** Both are of pairs that there were, and there was none with both. */
  function isMixture(cycle: bigint, nanoseconds: bigint): boolean {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const number = ledger.load32(at);
      const mixed = seemsMixed(cycle, nanoseconds, Math.min(number, REMEMBERED));
      // A pair that was noted meanwhile may have taken the place of the one that has both.
      if (!mixed || ledger.load32(at) === number) return mixed;
    }
    return false;
  }

  function seemsMixed(cycle: bigint, nanoseconds: bigint, pairs: number): boolean {
    let cycles = false;
    let times = false;
    for (let pair = 0; pair < pairs; pair++) {
      const row = at + PAIRS + pair * PAIR_BYTES;
      const hasCycle = ledger.load64(row) === cycle;
      const hasTime = ledger.load64(row + 8) === nanoseconds;
      if (hasCycle && hasTime) return false;
      cycles ||= hasCycle;
      times ||= hasTime;
    }
    return cycles && times;
  }
}
