import { PVCLOCK_TSC_STABLE_BIT } from '../abi/pvclock-vcpu-time-info.ts';
import type { ClockAddresses } from '../guest/roles.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU, VM } from '../host/records.ts';
import { type Publications, timeAt } from './publications.ts';
import type { HostThread, VcpuThread } from './scenario.ts';

/** Ledger bytes of {@link noteLead}: by how much a line runs ahead of true guest time, at most, ns. */
export const LEAD_BYTES = 64;

/** Places in the outcome table. */
const OWN = 0;
const SHARED = 1;
const UNJUDGED = 2;

export const FALLBACK_OUTCOMES = [
  {
    outcome: 'own line',
    expect: 'ACCEPTABLE',
    description: "The value is the vCPU's own line at a TSC sample of the call.",
  },
  {
    outcome: 'last value',
    expect: 'INTERESTING',
    description: 'Another vCPU had returned more: the shared maximum was needed.',
  },
  {
    outcome: 'unjudged',
    expect: 'ACCEPTABLE',
    description: 'More updates than the checker remembers came during the call.',
  },
] as const;

/** Makes the host note how far its publications run ahead of guest time: nobody may read later than that. */
export function noteLead(ops: HostOps, thread: HostThread, at: number): HostOps {
  return {
    ...ops,
    publishClock(kvm, vcpu, parameters) {
      const offset = kvm.memory.load64(vcpu + VCPU.tscOffset);
      // Exact only without TSC scaling, which this check's scenarios do not have.
      const hostTsc = BigInt.asUintN(64, parameters.tscTimestamp - offset);
      const truth = ops.bootRawNsAt(kvm, hostTsc) + kvm.memory.load64(kvm.vm + VM.kvmclockOffset);
      const lead = BigInt.asIntN(64, parameters.systemTime - truth);
      if (lead > 0n) thread.ledger.raise64(at, lead);
      ops.publishClock(kvm, vcpu, parameters);
    },
  };
}

/**
 * Reads through the role where the fallback is in force, and checks F1: the value is not below the
 * vCPU's own line at the start of the call, and not above every line at its end.
 */
export class FallbackReader {
  readonly #thread: VcpuThread;
  readonly #publications: Publications;
  readonly #lead: number;
  readonly #at: ClockAddresses;

  constructor(thread: VcpuThread, publications: Publications, lead: number, at: ClockAddresses) {
    this.#thread = thread;
    this.#publications = publications;
    this.#lead = lead;
    this.#at = at;
  }

  /** Whether the latest value is of a line that says of itself that there are others. */
  isOfOwnLine = false;

  read(): bigint {
    const { cpu, roles, outcome, violated } = this.#thread;
    const from = this.#publications.finished;
    cpu.forgetSamples();
    const value = roles.readClock(cpu, this.#at);
    const to = this.#publications.started;
    if (cpu.sampled === 0) violated('F1', `${value} ns was returned without a look at the TSC.`);
    const newest = cpu.sample(0);
    this.isOfOwnLine = false;
    const match = this.#publications.match(from, to, (published) => {
      if (timeAt(published, newest) !== value) return false;
      this.isOfOwnLine = (published.flags & PVCLOCK_TSC_STABLE_BIT) === 0;
      return true;
    });
    if (match === 'current') {
      outcome(OWN);
    } else if (to - from > 1 || match === 'forgotten') {
      outcome(UNJUDGED);
    } else {
      this.#judgeShared(value, from, to);
      outcome(SHARED);
    }
    return value;
  }

  /** A value of another vCPU's: not older than this call, not from the future. */
  #judgeShared(value: bigint, from: number, to: number): void {
    const { cpu, kvm, violated, ledger } = this.#thread;
    const own = timeAt(this.#publications.read(to - 1), cpu.firstSample);
    if (from === to && value < own) {
      violated(
        'F1',
        `${value} ns is less than the vCPU's own line gave, which was ${own} ns when the call began.`,
      );
    }
    const truth =
      kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc()) + kvm.memory.load64(kvm.vm + VM.kvmclockOffset);
    const latest = truth + ledger.load64(this.#lead) + 1n;
    if (value > latest) {
      violated(
        'F1',
        `${value} ns is more than any vCPU's line had reached when the call returned, ${latest} ns.`,
      );
    }
  }
}
