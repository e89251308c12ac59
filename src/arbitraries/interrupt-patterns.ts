import fc from 'fast-check';
import type { MachineSpec } from '../host/machine.ts';

/** Interrupts that devices raise: which, how often, and where they may come. */
export type InterruptPattern = Pick<MachineSpec, 'vectors' | 'exitsAnywhere' | 'updateInterval'>;

/** What vectors a scenario can take. */
export interface InterruptLimits {
  /** By default 0x20 to 0xef: above what exceptions have, below what the guest's own have. */
  readonly least?: number;
  readonly most?: number;
  /** How many different ones at the most; by default 6. */
  readonly vectors?: number;
}

/**
 * Draws patterns of interrupts, of one priority class or of several, so that some nest and some wait:
 * for the `machine` of a scenario whose devices raise `machine.vectors` in turn.
 */
export function interruptPatterns(limits: InterruptLimits = {}): fc.Arbitrary<InterruptPattern> {
  const { least = 0x20, most = 0xef, vectors = 6 } = limits;
  const any = fc.integer({ min: least, max: most });
  // The upper four bits are the priority class: neighbours wait for each other.
  const neighbours = any.chain((vector) =>
    fc.integer({
      min: Math.max(least, vector & 0xf0),
      max: Math.min(most, vector | 0x0f),
    }),
  );
  return fc.record({
    vectors: fc.uniqueArray(fc.oneof(any, neighbours), { minLength: 1, maxLength: vectors }),
    exitsAnywhere: fc.boolean(),
    updateInterval: fc.constantFrom(200, 0, 20, 2_000, 10_000),
  });
}
