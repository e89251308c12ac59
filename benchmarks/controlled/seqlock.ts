import { SCRATCH } from '../../src/scenarios/guest-map.ts';
import type { HostThread, Program, Scenario } from '../../src/scenarios/scenario.ts';

const VERSION = SCRATCH;
const FIRST = SCRATCH + 64;
const SECOND = SCRATCH + 128;

/** What makes one seqlock benchmark another. */
export interface SeqlockOptions {
  readonly updates: number;
  readonly readers: number;
  /** Whether readers say by `relax()` that a failed try leaves nothing behind. */
  readonly relaxes: boolean;
  /** Whether readers look at the version again after the data. */
  readonly checks?: boolean;
}

/** One writer of two words under a version, and readers that retry for ever. */
export function seqlock({ updates, readers, relaxes, checks = true }: SeqlockOptions): Scenario {
  // One function for all readers: that makes them alike.
  const read = ({ kvm: { memory, cpu }, violated }: HostThread): Program => ({
    step() {
      for (;;) {
        const version = memory.load32(VERSION);
        if ((version & 1) === 0) {
          memory.rmb();
          const first = memory.load32(FIRST);
          const second = memory.load32(SECOND);
          memory.rmb();
          if (!checks || memory.load32(VERSION) === version) {
            if (first !== second) violated('L1', `Read ${first} and ${second}.`);
            return;
          }
        }
        if (relaxes) cpu.relax();
      }
    },
  });
  return {
    name: `seqlock-${updates}x${readers}`,
    summary: 'A seqlock of two words.',
    mechanism: 'litmus',
    roles: [],
    invariants: ['L1'],
    outcomes: [],
    vcpus: { default: 1 + readers, least: 1 + readers, most: 1 + readers },
    machine: { ramBytes: 0x12000 },
    controlled: { clockSteps: 0 },
    ledgerBytes: 0,
    threads: () => [
      {
        name: 'writer',
        start: ({ kvm: { memory } }) => ({
          step() {
            for (let update = 1; update <= updates; update++) {
              memory.store32(VERSION, 2 * update - 1);
              memory.wmb();
              memory.store32(FIRST, update);
              memory.store32(SECOND, update);
              memory.wmb();
              memory.store32(VERSION, 2 * update);
            }
          },
        }),
      },
      ...Array.from({ length: readers }, (_, reader) => ({ name: `reader${reader}`, start: read })),
    ],
  };
}
