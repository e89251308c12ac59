import {
  PVCLOCK_WALL_CLOCK_NSEC,
  PVCLOCK_WALL_CLOCK_SEC,
  PVCLOCK_WALL_CLOCK_VERSION,
} from '../abi/pvclock-wall-clock.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { readClock } from '../guest/pvclock.ts';
import type { GuestRoles } from '../guest/roles.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** The pieces of a wall clock read that twins change. */
export interface WallClockPieces {
  /** What the reader makes of a version word. */
  readonly version: (word: number) => number;
  /** Keeps the fields between the two looks at the version. */
  readonly barrier: (cpu: Vcpu) => void;
}

const REFERENCE_PIECES: WallClockPieces = {
  version: (word) => word,
  barrier: (cpu) => cpu.rmb(),
};

/** A reader that differs from the reference in the given pieces. */
export function wallClockReaderWith(change: Partial<WallClockPieces>): GuestRoles['readWallClock'] {
  const pieces = { ...REFERENCE_PIECES, ...change };
  return (cpu, at) => {
    for (;;) {
      const version = pieces.version(cpu.load32(at.wallClock + PVCLOCK_WALL_CLOCK_VERSION));
      pieces.barrier(cpu);
      const seconds = cpu.load32(at.wallClock + PVCLOCK_WALL_CLOCK_SEC);
      const nanoseconds = cpu.load32(at.wallClock + PVCLOCK_WALL_CLOCK_NSEC);
      pieces.barrier(cpu);
      const after = pieces.version(cpu.load32(at.wallClock + PVCLOCK_WALL_CLOCK_VERSION));
      if ((version & 1) !== 0 || after !== version) continue;
      const epoch = BigInt(seconds) * NANOSECONDS_PER_SECOND + BigInt(nanoseconds);
      return BigInt.asUintN(64, epoch + readClock(cpu, at));
    }
  };
}
