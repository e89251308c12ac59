import { CLOCK_OUTCOMES, ClockReader } from './clock-reader.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  REFRESH_BYTES,
  refreshPairs,
  registerClock,
  requestClockUpdate,
} from './clock-support.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';
import { checkVersions } from './version-parity.ts';

const REFRESH = 0;
const PUBLICATIONS = REFRESH_BYTES;

/** A read has about a dozen steps: exits that far ahead hit each of them. */
const STEPS_OF_A_READ = 14;

/** Every vCPU reads its own area, which is updated only at its own exits; those come at any step. */
export const pvclockOwnArea: Scenario = {
  name: 'pvclock-own-area',
  summary:
    'Every vCPU reads its own pvclock area, which the host updates at exits of that vCPU, at any step.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P1', 'P2', 'P3', 'F1'],
  outcomes: CLOCK_OUTCOMES,
  vcpus: { default: 2, least: 1, most: 64 },
  machine: { exitsAnywhere: true },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  instrument: (ops, thread) =>
    checkVersions(
      notePublications(refreshPairs(ops, thread, REFRESH), thread, PUBLICATIONS),
      thread,
    ),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({ name: `vcpu${vcpu}`, vcpu, start: readOwnArea })),
};

function readOwnArea(thread: VcpuThread): Program {
  registerClock(thread);
  const { cpu, random } = thread;
  const reader = new ClockReader(
    thread,
    publicationsOf(thread, cpu.id, PUBLICATIONS),
    clockAddresses(cpu.id),
  );
  let previous = 0n;
  return {
    step() {
      if (random.sometimes(2)) {
        requestClockUpdate(thread);
        cpu.exitWithin(STEPS_OF_A_READ);
      }
      const value = reader.read();
      if (value < previous) {
        thread.violated('P3', `${value} ns came after ${previous} ns on the same vCPU.`);
      }
      previous = value;
    },
  };
}
