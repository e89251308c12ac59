import '../seed.ts';
import {
  NODE_BYTES,
  NODE_IN_USE,
  queueSleeper,
  sleepUntilUnlinked,
} from '../../src/guest/async-page-fault-sleepers.ts';
import { cpuOffline } from '../../src/guest/cpu-offline.ts';
import { idle } from '../../src/guest/halt-poll.ts';
import { readClock } from '../../src/guest/pvclock.ts';
import type { GuestRoles } from '../../src/guest/roles.ts';
import { readSteal } from '../../src/guest/steal-time.ts';
import { readWallClockEpoch } from '../../src/guest/wall-clock.ts';
import type { Gpa } from '../../src/memory/memory-port.ts';
import { type Alternative, acceptAll, findAll, type Mistake } from './mistakes.ts';

const FLAGS = 29;
const PREEMPTED = 16;
const STABLE = 1;
const STOPPED = 2;
/** A word of a steal or wall clock area's end that the host does not write: the guest keeps something there. */
const SPARE = 48;

/** A guest that goes offline and forgets one feature. */
const forgets = (feature: number): Partial<GuestRoles> => ({
  cpuOffline: (cpu, at) => cpuOffline(cpu, { features: at.features & ~(1 << feature) }),
});

/** What the clock says without a look at what others have read. */
const timeAlone: GuestRoles['readClock'] = (cpu, at) => {
  const time = readClock(cpu, { ...at, lastValue: at.lastValue + SPARE });
  cpu.store64(at.lastValue + SPARE, 0n);
  return time;
};

type Scale = (delta: bigint, mul: number, shift: number) => bigint;

/** A clock under its version, with a multiplication of its own; the shift is to the right. */
const clockBy =
  (scale: Scale): GuestRoles['readClock'] =>
  (cpu, { area }) => {
    for (;;) {
      const version = cpu.load32(area);
      const tsc = cpu.rdtscOrdered();
      const delta = BigInt.asUintN(64, tsc - cpu.load64(area + 8));
      const systemTime = cpu.load64(area + 16);
      const mul = cpu.load32(area + 24);
      const shift = -((cpu.load8(area + 28) << 24) >> 24);
      if ((version & 1) === 0 && cpu.load32(area) === version)
        return BigInt.asUintN(64, systemTime + scale(delta, mul, shift));
    }
  };

/** What makes ns of ticks, and does so wrongly. */
const SCALES: Readonly<Record<string, Scale>> = {
  'ticks are multiplied before they are shifted': (delta, mul, shift) =>
    (delta * BigInt(mul)) >> BigInt(32 + shift),
  'the product is a double': (delta, mul, shift) =>
    BigInt(Math.floor((Number(delta >> BigInt(shift)) * mul) / 2 ** 32)),
  'ticks are cut to 32 bits': (delta, mul, shift) =>
    ((BigInt.asUintN(32, delta) >> BigInt(shift)) * BigInt(mul)) >> 32n,
};

const MISTAKES: readonly Mistake[] = [
  {
    what: 'steal time is a constant',
    scenario: 'steal-time-remote-read',
    breaks: 'F1',
    roles: { readSteal: () => 0n },
  },
  {
    what: 'steal time is read once',
    scenario: 'steal-time-remote-read',
    breaks: 'F1',
    roles: {
      readSteal(cpu, at) {
        const kept = cpu.load64(at.area + SPARE);
        if (kept !== 0n) return kept;
        const steal = readSteal(cpu, at);
        cpu.store64(at.area + SPARE, steal);
        return steal;
      },
    },
  },
  {
    what: 'nobody is ever preempted',
    scenario: 'preempted-flag',
    breaks: 'F1',
    roles: { vcpuIsPreempted: () => false },
  },
  {
    what: 'the wall clock area is read once',
    scenario: 'wall-clock-readers',
    breaks: 'F1',
    roles: {
      readWallClock(cpu, at) {
        let epoch = cpu.load64(at.wallClock + SPARE);
        if (epoch === 0n) {
          epoch = readWallClockEpoch(cpu, at.wallClock);
          cpu.store64(at.wallClock + SPARE, epoch);
        }
        return BigInt.asUintN(64, epoch + readClock(cpu, at));
      },
    },
  },
  {
    what: 'last_value is exchanged before it is compared',
    scenario: 'clock-monotonic-unstable',
    breaks: 'P4',
    roles: {
      readClock(cpu, at) {
        const time = timeAlone(cpu, at);
        const last = cpu.lockXchg64(at.lastValue, time);
        return time > last ? time : last;
      },
    },
  },
  ...Object.entries(SCALES).map(
    ([what, scale]): Mistake => ({
      what,
      scenario: 'pvclock-torn-read',
      breaks: 'P1',
      roles: { readClock: clockBy(scale) },
    }),
  ),
  {
    what: 'last_value is exchanged in its low half only',
    scenario: 'clock-monotonic-unstable',
    breaks: 'P4',
    roles: {
      readClock(cpu, at) {
        const time = timeAlone(cpu, at);
        for (;;) {
          const last = cpu.load64(at.lastValue);
          if (time <= last) return last;
          const low = Number(BigInt.asUintN(32, last));
          if (cpu.lockCmpxchg32(at.lastValue, low, Number(BigInt.asUintN(32, time))) === low)
            return time;
        }
      },
    },
  },
  {
    what: 'the reason of a #PF is left in the area',
    scenario: 'async-page-fault-wake-before-wait',
    breaks: 'A4',
    roles: { pageNotPresent: (cpu, { area, cr2 }) => ((cpu.load32(area) & 1) === 0 ? 0 : cr2) },
  },
  {
    what: 'every #PF is one of a page that is not present',
    scenario: 'async-page-fault-wake-before-wait',
    breaks: 'A4',
    roles: {
      pageNotPresent(cpu, { area, cr2 }) {
        cpu.store32(area, 0);
        return cr2;
      },
    },
  },
  {
    what: 'a wake-up that came before the sleep is taken and kept',
    scenario: 'async-page-fault-wake-before-wait',
    breaks: 'A1',
    roles: {
      waitForPage(cpu, at) {
        const { dummies, dummyCount } = at.sleepers;
        const kept = new Map<Gpa, number>();
        for (let index = 0; index < dummyCount; index++) {
          const inUse = dummies + index * NODE_BYTES + NODE_IN_USE;
          kept.set(inUse, cpu.load32(inUse));
        }
        if (queueSleeper(cpu, at)) sleepUntilUnlinked(cpu, at);
        else for (const [inUse, value] of kept) cpu.store32(inUse, value);
      },
    },
  },
  {
    what: 'GUEST_STOPPED is told and not cleared',
    scenario: 'guest-stopped',
    breaks: 'F1',
    roles: { checkGuestStopped: (cpu, { area }) => (cpu.load8(area + FLAGS) & STOPPED) !== 0 },
  },
  {
    what: 'GUEST_STOPPED is cleared by an instruction of its own, whatever the look before it saw',
    scenario: 'guest-stopped',
    breaks: 'F1',
    roles: {
      checkGuestStopped(cpu, { area }) {
        const flags = cpu.load8(area + FLAGS);
        cpu.and8(area + FLAGS, ~STOPPED);
        return (flags & STOPPED) !== 0;
      },
    },
  },
  {
    what: 'TSC_STABLE is cleared along with GUEST_STOPPED',
    scenario: 'guest-stopped',
    breaks: 'P7',
    roles: {
      checkGuestStopped(cpu, { area }) {
        if ((cpu.load8(area + FLAGS) & STOPPED) === 0) return false;
        cpu.and8(area + FLAGS, ~(STOPPED | STABLE));
        return true;
      },
    },
  },
  {
    what: 'wait halts without a look',
    scenario: 'kick-before-halt',
    breaks: 'K1',
    roles: {
      wait(cpu) {
        cpu.cli();
        cpu.safeHalt();
      },
    },
  },
  {
    what: 'wait looks while interrupts are still on',
    scenario: 'kick-before-halt',
    breaks: 'K1',
    roles: {
      wait(cpu, { byte, value }) {
        if (cpu.load8(byte) !== value) return;
        if (cpu.interruptFlag) cpu.safeHalt();
        else cpu.hlt();
      },
    },
  },
  {
    what: 'wait turns interrupts on one instruction before its HLT',
    scenario: 'kick-before-halt',
    breaks: 'K1',
    roles: {
      wait(cpu, { byte, value }) {
        const on = cpu.interruptFlag;
        cpu.cli();
        const same = cpu.load8(byte) === value;
        if (on) cpu.sti();
        if (same) cpu.hlt();
      },
    },
  },
  {
    what: 'wait leaves interrupts off',
    scenario: 'kick-before-halt',
    breaks: 'K1',
    roles: {
      wait(cpu, { byte, value }) {
        cpu.cli();
        if (cpu.load8(byte) === value) cpu.safeHalt();
      },
    },
  },
  {
    what: 'idle returns with interrupts off',
    scenario: 'halt-poll',
    breaks: 'K1',
    roles: {
      idle(cpu, at) {
        const event = idle(cpu, at);
        cpu.cli();
        return event;
      },
    },
  },
  {
    what: 'whoever was preempted once is taken to be for ever',
    scenario: 'preempted-flag',
    breaks: 'F1',
    roles: {
      vcpuIsPreempted(cpu, { area }) {
        const kept = cpu.load8(area + PREEMPTED) | cpu.load8(area + SPARE);
        cpu.store8(area + SPARE, kept);
        return kept !== 0;
      },
    },
  },
  {
    what: 'an odd version of a steal area is accepted',
    scenario: 'steal-time-remote-read',
    breaks: 'S2',
    roles: { readSteal: (cpu, { area }) => cpu.load64(area) },
  },
  {
    what: 'the leave to be moved is kept on the way offline',
    scenario: 'hotplug-few-features',
    breaks: 'G1',
    roles: forgets(17),
  },
  ...[3, 4, 5, 6].map(
    (feature): Mistake => ({
      what: `the area of feature ${feature} is left enabled on the way offline`,
      scenario: 'hotplug-disable',
      breaks: 'M1',
      roles: forgets(feature),
    }),
  ),
];

/** Guests that are right, and written another way than the reference. */
const ALTERNATIVES: readonly Alternative[] = [
  {
    what: 'GUEST_STOPPED is tested and cleared by one instruction',
    scenario: 'guest-stopped',
    roles: { checkGuestStopped: (cpu, { area }) => cpu.testAndClear(area + FLAGS, 1) },
  },
  {
    what: 'wait spins',
    scenario: 'kick-before-halt',
    roles: {
      wait(cpu, { byte, value }) {
        while (cpu.load8(byte) === value) cpu.relax();
      },
    },
  },
  {
    what: 'the C test of the preempted byte',
    scenario: 'preempted-flag',
    roles: { vcpuIsPreempted: (cpu, { area }) => (cpu.load8(area + PREEMPTED) & 1) !== 0 },
  },
];

findAll(MISTAKES);
acceptAll(ALTERNATIVES);
