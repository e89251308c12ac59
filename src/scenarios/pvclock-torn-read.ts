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
import type { Scenario, VcpuThread } from './scenario.ts';

const REFRESH = 0;
const PUBLICATIONS = REFRESH_BYTES;
const PUBLISHER = 0;

/** Ticks of several seconds, of which neither 32 bits nor a double make the right ns. */
const LONG_AND_ODD = 20_615_843_031n;

/** vCPU 0's host thread republishes its area while the other vCPUs read it, as the vDSO does. */
export const pvclockTornRead: Scenario = {
  name: 'pvclock-torn-read',
  summary: 'The host republishes one pvclock area while other vCPUs read it, as the vDSO does.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P1', 'F1'],
  outcomes: CLOCK_OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: {},
  // What a guest drops of a long time shows.
  controlled: { ticks: LONG_AND_ODD },
  ledgerBytes: PUBLICATIONS + PUBLICATIONS_BYTES,
  instrument: (ops, thread) =>
    notePublications(refreshPairs(ops, thread, REFRESH), thread, PUBLICATIONS),
  threads: ({ vcpus }) => [
    {
      name: 'vcpu0',
      vcpu: PUBLISHER,
      start(thread) {
        registerClock(thread);
        return {
          step() {
            requestClockUpdate(thread);
            thread.cpu.exit();
            thread.idle();
          },
        };
      },
    },
    ...Array.from({ length: vcpus - 1 }, (_, index) => ({
      name: `vcpu${index + 1}`,
      vcpu: index + 1,
      start(thread: VcpuThread) {
        const publications = publicationsOf(thread, PUBLISHER, PUBLICATIONS);
        const reader = new ClockReader(thread, publications, clockAddresses(PUBLISHER));
        return {
          step() {
            reader.read();
          },
        };
      },
    })),
  ],
};
