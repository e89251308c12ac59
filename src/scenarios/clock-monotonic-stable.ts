import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import { CLOCK_OUTCOMES, ClockReader } from './clock-reader.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
} from './clock-support.ts';
import { checkPairs, MASTER_PAIRS_BYTES } from './master-pairs.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';
import { checkStableFlag } from './stable-flag.ts';
import { withinRounding } from './true-time.ts';

const FLOOR = 0;
const PAIRS = CLOCK_FLOOR_BYTES;
const PUBLICATIONS = PAIRS + MASTER_PAIRS_BYTES;

/** Now and then no update comes for as long as this, in ticks: several seconds of guest time. */
const LONG_SILENCE = 20_000_000_000;

/**
 * All vCPUs read their own areas while the host takes new master clock pairs. Its raw clock runs
 * faster than the guest's scale says, so that each pair lies on a higher line than the one before:
 * two lines at once would show.
 */
export const clockMonotonicStable: Scenario = {
  name: 'clock-monotonic-stable',
  summary: 'vCPUs compare clocks, TSC_STABLE set, while the host takes new master clock pairs.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P4', 'P3', 'P5', 'P7', 'P1', 'F1'],
  outcomes: CLOCK_OUTCOMES,
  vcpus: { default: 2, least: 1, most: 64 },
  machine: { rawClockPpm: 50_000 },
  controlled: { vcpus: 1 },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  instrument: (ops, thread) =>
    checkPairs(checkStableFlag(notePublications(ops, thread, PUBLICATIONS), thread), thread, PAIRS),
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: (thread: VcpuThread) => compareClocks(thread, FLOOR, PUBLICATIONS),
    })),
    {
      name: 'vmm',
      start: ({ kvm, random, idle }) => ({
        step() {
          if (random.sometimes(16)) kvm.cpu.passTime(LONG_SILENCE);
          kvm.ops.updateMasterclock(kvm);
          idle();
        },
      }),
    },
  ],
};

/** The program of a vCPU that reads its own area and compares with everybody. */
export function compareClocks(
  thread: VcpuThread,
  floorAt: number,
  publicationsAt: number,
): Program {
  registerClock(thread);
  const { cpu, machine } = thread;
  const floor = new ClockFloor(thread, floorAt);
  const publications = publicationsOf(thread, cpu.id, publicationsAt);
  const explains = withinRounding(machine, cpu.id);
  const reader = new ClockReader(thread, publications, clockAddresses(cpu.id), 'P5', explains);
  return {
    step() {
      floor.before();
      floor.after(reader.read());
    },
  };
}
