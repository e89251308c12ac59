import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
  requestClockUpdate,
} from './clock-support.ts';
import { FALLBACK_OUTCOMES, FallbackReader, LEAD_BYTES, noteLead } from './fallback-reader.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

const FLOOR = 0;
const LEAD = CLOCK_FLOOR_BYTES;
const PUBLICATIONS = LEAD + LEAD_BYTES;

/** Guest time is more than 32 bits hold from the start, and soon carries out of them: 3 * 2^32 - 1500 ns. */
const BEFORE_A_CARRY = 29_635_270_893n;

/** One read in so many finds its vCPU on another physical CPU, whose pair is new. */
const READS_PER_MIGRATION = 8;

/**
 * No master clock: each vCPU's pair was sampled at another moment, so the lines of two vCPUs differ,
 * and only the shared maximum keeps the clock from going back between them.
 */
export const clockMonotonicUnstable: Scenario = {
  name: 'clock-monotonic-unstable',
  summary:
    'vCPUs compare clocks, TSC_STABLE clear: only last_value keeps time from going backwards.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P4', 'F1'],
  outcomes: FALLBACK_OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: { vcpusMatchedTsc: false, samplingGap: 600, firstTick: BEFORE_A_CARRY },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  // The second read of a vCPU finds what the first has left behind.
  controlled: { steps: 2 },
  instrument: (ops, thread) => noteLead(notePublications(ops, thread, PUBLICATIONS), thread, LEAD),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: (thread: VcpuThread) => compareLines(thread),
    })),
};

/** A vCPU that compares its clock with everybody's, by lines that are sampled anew now and then. */
export function compareLines(thread: VcpuThread, validFlags?: number): Program {
  registerClock(thread);
  const { cpu, random } = thread;
  const at = clockAddresses(cpu.id, validFlags);
  const floor = new ClockFloor(thread, FLOOR);
  const publications = publicationsOf(thread, cpu.id, PUBLICATIONS);
  const reader = new FallbackReader(thread, publications, LEAD, at);
  return {
    step() {
      if (random.below(READS_PER_MIGRATION) === 0) {
        requestClockUpdate(thread);
        cpu.exit();
      }
      floor.before();
      floor.after(reader.read());
    },
  };
}
