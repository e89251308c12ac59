import { scaleDelta } from '../abi/pvclock-scale.ts';
import {
  PVCLOCK_FLAGS,
  PVCLOCK_SYSTEM_TIME,
  PVCLOCK_TSC_SHIFT,
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_TSC_TIMESTAMP,
  PVCLOCK_TSC_TO_SYSTEM_MUL,
  PVCLOCK_VERSION,
} from '../abi/pvclock-vcpu-time-info.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { atLeastLastValue } from '../guest/pvclock.ts';
import type { GuestRoles } from '../guest/roles.ts';
import type { Gpa } from '../memory/memory-port.ts';

/** The pieces of a pvclock read that twins change. */
export interface ReaderPieces {
  /** What the second version must be, of the first. */
  readonly expectedVersion: (version: number) => number;
  /** Whether the second version lets the read pass. */
  readonly accepts: (cpu: Vcpu, area: Gpa, expected: number) => boolean;
  readonly load64: (cpu: Vcpu, gpa: Gpa) => bigint;
  /** What the elapsed time is added to. */
  readonly base: (systemTime: bigint, flags: number) => bigint;
  /** Keeps the fields between the two looks at the version. */
  readonly barrier: (cpu: Vcpu) => void;
  /** RDTSC, ordered or not. */
  readonly tsc: (cpu: Vcpu) => bigint;
  readonly shiftOf: (byte: number) => number;
  readonly scale: (delta: bigint, mul: number, shift: number) => bigint;
  readonly fallback: (cpu: Vcpu, lastValue: Gpa, time: bigint) => bigint;
}

/** The pieces of the reference: a reader made of them does, step for step, what `readClock` does. */
export const REFERENCE_PIECES: ReaderPieces = {
  expectedVersion: (version) => (version & ~1) >>> 0,
  accepts: (cpu, area, expected) => cpu.load32(area + PVCLOCK_VERSION) === expected,
  load64: (cpu, gpa) => cpu.load64(gpa),
  base: (systemTime) => systemTime,
  barrier: (cpu) => cpu.rmb(),
  tsc: (cpu) => cpu.rdtscOrdered(),
  shiftOf: (byte) => (byte << 24) >> 24,
  scale: scaleDelta,
  fallback: atLeastLastValue,
};

/** A reader that differs from the reference in the given pieces. */
export function readerWith(change: Partial<ReaderPieces>): GuestRoles['readClock'] {
  const pieces = { ...REFERENCE_PIECES, ...change };
  return (cpu, at) => {
    const { area } = at;
    for (;;) {
      const expected = pieces.expectedVersion(cpu.load32(area + PVCLOCK_VERSION));
      pieces.barrier(cpu);
      const tsc = pieces.tsc(cpu);
      const timestamp = pieces.load64(cpu, area + PVCLOCK_TSC_TIMESTAMP);
      const systemTime = pieces.load64(cpu, area + PVCLOCK_SYSTEM_TIME);
      const mul = cpu.load32(area + PVCLOCK_TSC_TO_SYSTEM_MUL);
      const shift = pieces.shiftOf(cpu.load8(area + PVCLOCK_TSC_SHIFT));
      const flags = cpu.load8(area + PVCLOCK_FLAGS);
      pieces.barrier(cpu);
      if (!pieces.accepts(cpu, area, expected)) continue;
      const elapsed = pieces.scale(BigInt.asUintN(64, tsc - timestamp), mul, shift);
      const time = BigInt.asUintN(64, pieces.base(systemTime, flags) + elapsed);
      if ((flags & at.validFlags & PVCLOCK_TSC_STABLE_BIT) !== 0) return time;
      return pieces.fallback(cpu, at.lastValue, time);
    }
  };
}
