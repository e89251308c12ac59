import { PVCLOCK_WALL_CLOCK_VERSION } from '../abi/pvclock-wall-clock.ts';
import { readGuest32 } from '../host/guest-memory.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { wallClockReaderWith } from './wall-clock-reader.ts';

/** How long the host is preempted between two readings, in ticks, at most. */
const PREEMPTED_TICKS = 1_000_000;

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** Broken guests and hosts of the wall clock. */
export const wallClockMutants: readonly Mutant[] = [
  {
    id: 'Z-W1',
    mechanism: 'wall-clock',
    side: 'host',
    summary:
      'The host writes the wall clock with one copy and an even version: no version is ever odd.',
    source: 'constructed',
    scenario: 'wall-clock-readers',
    invariants: ['W1'],
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
  {
    id: 'Z-W3',
    mechanism: 'wall-clock',
    side: 'guest',
    summary:
      'The reader takes the version for a signed number that stops at 0: from 2^31 on all versions look the same, and even.',
    source: 'constructed',
    scenario: 'wall-clock-readers',
    invariants: ['W1'],
    visibleUnder: EVERYWHERE,
    machine: { initialVersion: 0x8000_0000 },
    roles: { readWallClock: wallClockReaderWith({ version: (word) => Math.max(word | 0, 0) }) },
  },
  {
    id: 'Z-W4',
    mechanism: 'wall-clock',
    side: 'host',
    summary:
      'Realtime and guest time are read one after the other: a host that is preempted in between is off by that time.',
    source: 'constructed',
    scenario: 'wall-clock-readers',
    invariants: ['P5'],
    visibleUnder: EVERYWHERE,
    host: {
      wallClockEpochNs(kvm) {
        const realtime = kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
        kvm.cpu.passTime(PREEMPTED_TICKS);
        return BigInt.asUintN(64, realtime - kvm.ops.getClock(kvm).clock);
      },
    },
  },
  {
    id: 'Z-W5',
    mechanism: 'wall-clock',
    side: 'guest',
    summary: 'The reader has no barriers: the fields may be read before or after both versions.',
    source: 'constructed',
    scenario: 'wall-clock-readers',
    invariants: ['W1'],
    visibleUnder: ['weak'],
    notOnThreads: 'x86 loads in program order.',
    roles: {
      readWallClock: wallClockReaderWith({ barrier: (cpu) => cpu.compilerBarrier() }),
    },
  },
];
