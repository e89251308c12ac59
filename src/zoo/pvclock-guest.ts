import { PVCLOCK_FLAGS, PVCLOCK_GUEST_STOPPED } from '../abi/pvclock-vcpu-time-info.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { readerWith } from './pvclock-reader.ts';

/** Several seconds without an update, in ticks. */
const LONG_SILENCE = 20_000_000_000n;

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** Broken guests of kvmclock. */
export const pvclockGuestMutants: readonly Mutant[] = [
  {
    id: 'Z-P4',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'The reader uses RDTSC without a fence, between barriers for the compiler only: the TSC may be sampled before the version.',
    source: 'Linux 2.6.31 source',
    scenario: 'pvclock-torn-read',
    invariants: ['P1', 'P3'],
    visibleUnder: ['tso', 'weak'],
    notOnThreads:
      'The TSC of threads is a locked counter, which no processor samples before earlier loads.',
    roles: {
      readClock: readerWith({
        tsc: (cpu) => cpu.rdtsc(),
        barrier: (cpu) => cpu.compilerBarrier(),
      }),
    },
  },
  {
    id: 'Z-P5',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'The reader accepts an odd version if it is the same before and after: it reads in the middle of an update.',
    source: 'constructed',
    scenario: 'pvclock-torn-read',
    invariants: ['P1'],
    visibleUnder: EVERYWHERE,
    roles: { readClock: readerWith({ expectedVersion: (version) => version }) },
  },
  {
    id: 'Z-P6',
    mechanism: 'kvmclock',
    side: 'guest',
    summary: 'The reader does not look at the version again after it has read the fields.',
    source: 'constructed',
    scenario: 'pvclock-torn-read',
    invariants: ['P1'],
    visibleUnder: EVERYWHERE,
    roles: { readClock: readerWith({ accepts: () => true }) },
  },
  {
    id: 'Z-P8',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'The reader has no last_value: lines that were sampled at different instants are compared as they are.',
    source: '"x86, paravirt: Add a global synchronization point for pvclock"',
    scenario: 'clock-monotonic-unstable',
    invariants: ['P4'],
    visibleUnder: EVERYWHERE,
    roles: { readClock: readerWith({ fallback: (_cpu, _lastValue, time) => time }) },
  },
  {
    id: 'Z-P9',
    mechanism: 'kvmclock',
    side: 'guest',
    summary: 'The reader stores last_value plainly instead of by cmpxchg, and so sets it back.',
    source: 'constructed',
    scenario: 'clock-monotonic-unstable',
    invariants: ['P4'],
    visibleUnder: EVERYWHERE,
    controlled: { steps: 2 },
    roles: {
      readClock: readerWith({
        fallback(cpu, lastValue, time) {
          const last = cpu.load64(lastValue);
          if (time <= last) return last;
          cpu.store64(lastValue, time);
          return time;
        },
      }),
    },
  },
  {
    id: 'Z-P10',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'When the cmpxchg of last_value fails, the reader returns its own time without storing it.',
    source: 'constructed',
    scenario: 'clock-monotonic-unstable',
    invariants: ['P4'],
    visibleUnder: EVERYWHERE,
    controlled: { steps: 2 },
    roles: {
      readClock: readerWith({
        fallback(cpu, lastValue, time) {
          const last = cpu.load64(lastValue);
          if (time <= last) return last;
          cpu.lockCmpxchg64(lastValue, last, time);
          return time;
        },
      }),
    },
  },
  {
    id: 'Z-P18',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'The guest clears GUEST_STOPPED by a load, an AND and a store: an update in between is undone, and a stale TSC_STABLE stays.',
    source: 'constructed',
    scenario: 'guest-stopped',
    invariants: ['P4'],
    visibleUnder: EVERYWHERE,
    roles: {
      checkGuestStopped(cpu, at) {
        const flags = cpu.load8(at.area + PVCLOCK_FLAGS);
        if ((flags & PVCLOCK_GUEST_STOPPED) === 0) return false;
        cpu.store8(at.area + PVCLOCK_FLAGS, flags & ~PVCLOCK_GUEST_STOPPED);
        return true;
      },
    },
  },
  {
    id: 'Z-P21',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'The product of ticks and multiplier is cut to 64 bits: time wraps after 4.3 s without an update.',
    source: 'constructed',
    scenario: 'clock-monotonic-stable',
    invariants: ['P5', 'P3'],
    visibleUnder: EVERYWHERE,
    controlled: { vcpus: 1, ticks: LONG_SILENCE, steps: { host: 0 } },
    roles: {
      readClock: readerWith({
        scale(delta, mul, shift) {
          const shifted = shift < 0 ? delta >> BigInt(-shift) : delta << BigInt(shift);
          return BigInt.asUintN(64, shifted * BigInt(mul)) >> 32n;
        },
      }),
    },
  },
  {
    id: 'Z-P22',
    mechanism: 'kvmclock',
    side: 'guest',
    summary: 'tsc_shift is read as an unsigned byte: −1 becomes a left shift by 255.',
    source: 'constructed',
    scenario: 'clock-monotonic-stable',
    invariants: ['P5'],
    visibleUnder: EVERYWHERE,
    roles: { readClock: readerWith({ shiftOf: (byte) => byte }) },
  },
  {
    id: 'Z-P25',
    mechanism: 'kvmclock',
    side: 'guest',
    summary:
      'Each 64-bit field is read in two halves and the version is not checked, as "an aligned load is atomic".',
    source: 'constructed',
    scenario: 'pvclock-torn-read',
    invariants: ['P1'],
    visibleUnder: EVERYWHERE,
    roles: {
      readClock: readerWith({
        accepts: () => true,
        load64: (cpu, gpa) => {
          const low = cpu.load32(gpa);
          return (BigInt(cpu.load32(gpa + 4)) << 32n) | BigInt(low);
        },
      }),
    },
  },
];
