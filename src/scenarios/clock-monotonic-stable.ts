import { askForUpdates } from './ask-for-updates.ts';
import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import { CLOCK_OUTCOMES, ClockReader } from './clock-reader.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
  requestMasterclockUpdate,
} from './clock-support.ts';
import { clockArea } from './guest-map.ts';
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

const READS_PER_SILENCE = 128;
/** One read in so many of the vCPU whose entries take new pairs finds a new one. */
const READS_PER_PAIR = 4;
const UPDATER = 0;

/**
 * All vCPUs read their own areas while entries of one of them take new master clock pairs. The host's
 * raw clock runs faster than the guest's scale says, so that each pair lies on a higher line than the
 * one before: two lines at once would show.
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
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  instrument: (ops, thread) =>
    checkPairs(checkStableFlag(notePublications(ops, thread, PUBLICATIONS), thread), thread, PAIRS),
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: vcpu === UPDATER ? updateAndCompare : compare,
    })),
    // One vCPU has nobody but itself to compare with; what it races with is the host.
    ...(vcpus === 1 ? [{ name: 'host', start: askForUpdates }] : []),
  ],
};

function compare(thread: VcpuThread): Program {
  return compareClocks(thread, FLOOR, PUBLICATIONS);
}

function updateAndCompare(thread: VcpuThread): Program {
  const { cpu, kvm, random } = thread;
  const comparing = compare(thread);
  return {
    step(instance) {
      if (random.sometimes(READS_PER_SILENCE)) kvm.cpu.passTime(LONG_SILENCE);
      if (random.sometimes(READS_PER_PAIR)) {
        requestMasterclockUpdate(thread);
        cpu.exit();
      }
      comparing.step(instance);
    },
  };
}

/** The program of a vCPU that reads its own area and compares with everybody. */
export function compareClocks(
  thread: VcpuThread,
  floorAt: number,
  publicationsAt: number,
): Program {
  registerClock(thread);
  const { cpu, machine } = thread;
  const floor = new ClockFloor(thread, floorAt, machine.vcpus === 1 ? 'P3' : 'P4');
  const publications = publicationsOf(thread, cpu.id, publicationsAt);
  const explains = withinRounding(machine, cpu.id);
  const reader = new ClockReader(thread, publications, clockAddresses(cpu.id), 'P5', explains);
  return {
    step() {
      // Instructions before the call: at the first an exit may come, at the second others may complete.
      cpu.load32(clockArea(cpu.id));
      cpu.load32(clockArea(cpu.id));
      floor.before();
      floor.after(reader.read());
    },
  };
}
