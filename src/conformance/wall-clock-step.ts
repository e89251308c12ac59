import {
  PVCLOCK_WALL_CLOCK_NSEC,
  PVCLOCK_WALL_CLOCK_SEC,
  PVCLOCK_WALL_CLOCK_VERSION,
} from '../abi/index.ts';
import type { Facts } from './result.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
/** How far clocks that are read one after the other may be off. */
const SLACK_NS = 1_000_000n;

/** A `pvclock_wall_clock` as a dump has it. */
export interface WallClock {
  readonly version: number;
  readonly sec: number;
  readonly nsec: number;
}

/** The record in 12 bytes. */
export function wallClockAt(bytes: Uint8Array): WallClock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    version: view.getUint32(PVCLOCK_WALL_CLOCK_VERSION, true),
    sec: view.getUint32(PVCLOCK_WALL_CLOCK_SEC, true),
    nsec: view.getUint32(PVCLOCK_WALL_CLOCK_NSEC, true),
  };
}

/** Host clocks that were read before and after a write. */
export interface HostClocks {
  readonly realtimeBefore: bigint;
  readonly realtimeAfter: bigint;
  /** The guest's clock not after {@link realtimeBefore}, and not before {@link realtimeAfter}. */
  readonly guestClockBefore: bigint;
  readonly guestClockAfter: bigint;
}

/**
 * Whether a wall clock is what it must be: realtime minus the guest's clock. Which instant the two
 * were read at does not matter, as they run alike.
 */
export function epochFacts({ sec, nsec }: Omit<WallClock, 'version'>, clocks: HostClocks): Facts {
  const epoch = BigInt(sec) * NANOSECONDS_PER_SECOND + BigInt(nsec);
  const most = clocks.realtimeBefore - clocks.guestClockBefore + SLACK_NS;
  const least = clocks.realtimeAfter - clocks.guestClockAfter - SLACK_NS;
  return {
    nsecBelowOneSecond: BigInt(nsec) < NANOSECONDS_PER_SECOND,
    isRealtimeLessGuestClock: epoch >= least && epoch <= most,
  };
}
