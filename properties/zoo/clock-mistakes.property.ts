import '../seed.ts';
import { scaleDelta } from '../../src/abi/pvclock-scale.ts';
import type { Vcpu } from '../../src/cpu/vcpu.ts';
import { detect } from '../../src/guest/detection.ts';
import { atLeastLastValue, readClock } from '../../src/guest/pvclock.ts';
import type { ClockAddresses, GuestRoles } from '../../src/guest/roles.ts';
import { readWallClockEpoch } from '../../src/guest/wall-clock.ts';
import { acceptAll, findAll } from './mistakes.ts';

const FLAGS = 29;
const STABLE = 1;
const NS = 1_000_000_000n;

/** Which of a reader's looks are outside its version. */
interface Looks {
  readonly flags?: 'before' | 'after';
  readonly mul?: 'before';
  readonly tsc?: 'after';
  /** Whether TSC_STABLE is to be honoured, by the flags that were read. */
  stable?(cpu: Vcpu, at: ClockAddresses, flags: number): boolean;
}

/** A clock under its version, some of whose looks are outside. */
const clock =
  (looks: Looks): GuestRoles['readClock'] =>
  (cpu, at) => {
    const { area } = at;
    for (;;) {
      let flags = looks.flags === 'before' ? cpu.load8(area + FLAGS) : 0;
      let mul = looks.mul === 'before' ? cpu.load32(area + 24) : 0;
      const version = (cpu.load32(area) & ~1) >>> 0;
      let tsc = looks.tsc === 'after' ? 0n : cpu.rdtscOrdered();
      const timestamp = cpu.load64(area + 8);
      const systemTime = cpu.load64(area + 16);
      if (looks.mul === undefined) mul = cpu.load32(area + 24);
      const shift = (cpu.load8(area + 28) << 24) >> 24;
      if (looks.flags === undefined) flags = cpu.load8(area + FLAGS);
      if (cpu.load32(area) !== version) continue;
      if (looks.tsc === 'after') tsc = cpu.rdtscOrdered();
      if (looks.flags === 'after') flags = cpu.load8(area + FLAGS);
      const time = systemTime + scaleDelta(BigInt.asUintN(64, tsc - timestamp), mul, shift);
      const stable = looks.stable?.(cpu, at, flags) ?? (flags & at.validFlags & STABLE) !== 0;
      return stable ? time : atLeastLastValue(cpu, at.lastValue, time);
    }
  };

/** Keeps for itself that TSC_STABLE was set once. */
function stickyStable(cpu: Vcpu, at: ClockAddresses, flags: number): boolean {
  const kept = at.lastValue + 64 + cpu.id * 8;
  if ((flags & at.validFlags & STABLE) !== 0) cpu.store8(kept, 1);
  return cpu.load8(kept) !== 0;
}

const readClockAs = (looks: Looks): Partial<GuestRoles> => ({ readClock: clock(looks) });
const detectAs = (change: (found: NonNullable<ReturnType<typeof detect>>) => object) => ({
  detect: (cpu: Vcpu) => {
    const found = detect(cpu);
    return found === undefined ? undefined : { ...found, ...change(found) };
  },
});

findAll([
  {
    what: 'the flags are read before the version',
    scenario: 'clock-stable-loss',
    breaks: 'P4',
    roles: readClockAs({ flags: 'before' }),
  },
  {
    what: 'the flags are read after the version was found unchanged',
    scenario: 'clock-stable-switch',
    breaks: 'P4',
    roles: readClockAs({ flags: 'after' }),
  },
  {
    what: 'TSC_STABLE, once seen, is taken to stay',
    scenario: 'clock-stable-loss',
    breaks: 'P4',
    roles: readClockAs({ stable: stickyStable }),
  },
  {
    what: 'validFlags is not looked at',
    scenario: 'clock-flags-invalid',
    breaks: 'P4',
    roles: readClockAs({ stable: (_cpu, _at, flags) => (flags & STABLE) !== 0 }),
  },
  {
    what: 'the multiplier is read before the version',
    scenario: 'clock-frequency-change',
    breaks: 'P3',
    roles: readClockAs({ mul: 'before' }),
  },
  {
    what: 'the TSC is read after the version was found unchanged',
    scenario: 'clock-frequency-change',
    breaks: 'P3',
    roles: readClockAs({ tsc: 'after' }),
  },
  {
    what: 'seconds since 1970 are signed',
    scenario: 'wall-clock-readers',
    breaks: 'F1',
    roles: {
      readWallClock(cpu, at) {
        const epoch = readWallClockEpoch(cpu, at.wallClock);
        const signed = BigInt.asIntN(32, epoch / NS) * NS + (epoch % NS);
        return BigInt.asUintN(64, signed + readClock(cpu, at));
      },
    },
  },
  {
    what: 'nanoseconds do not carry into seconds',
    scenario: 'wall-clock-readers',
    breaks: 'F1',
    roles: {
      readWallClock(cpu, at) {
        const epoch = readWallClockEpoch(cpu, at.wallClock);
        const time = readClock(cpu, at);
        return (epoch / NS + time / NS) * NS + ((epoch + time) % NS);
      },
    },
  },
  {
    what: 'the old MSRs are taken where there are new ones',
    scenario: 'clock-detection',
    breaks: 'F1',
    roles: detectAs(() => ({ systemTime: 0x12, wallClock: 0x11 })),
  },
  {
    what: 'the flags are always relied upon',
    scenario: 'clock-detection',
    breaks: 'F1',
    roles: detectAs(() => ({ validFlags: STABLE })),
  },
  {
    what: 'the features are those of whoever has the first leaf',
    scenario: 'clock-detection',
    breaks: 'F1',
    roles: {
      detect: (cpu) =>
        (cpu.cpuid(0x4000_0001).eax & 8) === 0
          ? detect(cpu)
          : { systemTime: 0x4b56_4d01, wallClock: 0x4b56_4d00, validFlags: STABLE },
    },
  },
]);

acceptAll(
  ['clock-stable-switch', 'clock-stable-loss', 'clock-flags-invalid'].map((scenario) => ({
    what: 'last_value is used whatever the flags say',
    scenario,
    roles: readClockAs({ stable: () => false }),
  })),
);
