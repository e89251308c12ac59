import {
  PVCLOCK_WALL_CLOCK_NSEC,
  PVCLOCK_WALL_CLOCK_SEC,
  PVCLOCK_WALL_CLOCK_VERSION,
} from '../abi/pvclock-wall-clock.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { readClock } from './pvclock.ts';
import type { WallClockAddresses } from './roles.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** CLOCK_REALTIME in ns since 1970: when guest time was 0, plus guest time. Source: `pvclock_read_wallclock`. */
export function readWallClock(cpu: Vcpu, at: WallClockAddresses): bigint {
  return BigInt.asUintN(64, readWallClockEpoch(cpu, at.wallClock) + readClock(cpu, at));
}

/** The wall clock area alone: CLOCK_REALTIME when guest time was 0, ns. */
export function readWallClockEpoch(cpu: Vcpu, area: Gpa): bigint {
  for (;;) {
    const version = cpu.load32(area + PVCLOCK_WALL_CLOCK_VERSION);
    // Pairs with the host's barrier before the even version.
    cpu.rmb();
    const seconds = cpu.load32(area + PVCLOCK_WALL_CLOCK_SEC);
    const nanoseconds = cpu.load32(area + PVCLOCK_WALL_CLOCK_NSEC);
    // Pairs with the host's barrier after the odd version.
    cpu.rmb();
    if ((version & 1) === 0 && cpu.load32(area + PVCLOCK_WALL_CLOCK_VERSION) === version) {
      return BigInt(seconds) * NANOSECONDS_PER_SECOND + BigInt(nanoseconds);
    }
  }
}
