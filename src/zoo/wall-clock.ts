import { PVCLOCK_WALL_CLOCK_VERSION } from '../abi/pvclock-wall-clock.ts';
import { readGuest32 } from '../host/guest-memory.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** Broken hosts of the wall clock. */
export const wallClockMutants: readonly Mutant[] = [
  {
    id: 'Z-W1',
    mechanism: 'wall-clock',
    side: 'host',
    summary:
      'The host writes the wall clock with one copy and an even version: no version is ever odd.',
    source: 'constructed',
    scenario: 'wall-clock-readers',
    invariants: ['W1', 'P2'],
    visibleUnder: EVERYWHERE,
    host: {
      writeWallClock(kvm, value) {
        const gpa = Number(value);
        const version = readGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_VERSION);
        if (value === 0n || version === undefined) return;
        const next = version + 2 - (version & 1);
        kvm.ops.copyWallClock(kvm, gpa, next >>> 0, kvm.ops.wallClockEpochNs(kvm));
      },
    },
  },
  {
    id: 'Z-W2',
    mechanism: 'wall-clock',
    side: 'host',
    summary:
      'Two vCPUs write the wall clock MSR at once: KVM has no lock there, and each takes the other one’s odd version for junk.',
    source: 'constructed',
    scenario: 'wall-clock-readers',
    invariants: ['W1', 'P2'],
    visibleUnder: EVERYWHERE,
    machine: { wallClockWriters: 2 },
  },
];
