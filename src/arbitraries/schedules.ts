import fc from 'fast-check';
import type { Move } from '../engines/controlled/move.ts';

/** Whose steps a schedule may have, and how long it gets. */
export interface ScheduleLimits {
  /** Threads of the scenario: its vCPUs and its host threads. */
  readonly threads: number;
  /** Stretches of one thread; by default 12. */
  readonly blocks?: number;
  /** Steps of a stretch; by default 12. */
  readonly steps?: number;
}

/** Ways that a step may have: what a weak memory answers, an exit in its place, a choice. */
const MOST_WAYS = 4;

/**
 * Draws schedules by blocks, as `sample` does: so many steps of one thread, of the clock, or of a store
 * buffer, then of another. For the `moves` of {@link replay}, which leaves out moves that nobody can make,
 * and lets the threads run on behind the last one.
 */
export function schedules(limits: ScheduleLimits): fc.Arbitrary<readonly Move[]> {
  const { threads, blocks = 12, steps = 12 } = limits;
  const block = fc.record({
    // Behind the threads come the clock and, under TSO, their store buffers.
    actor: fc.nat({ max: 2 * threads }),
    length: fc.integer({ min: 1, max: steps }),
    alternative: fc.oneof(fc.constant(0), fc.nat({ max: MOST_WAYS - 1 })),
  });
  return fc
    .array(block, { maxLength: blocks })
    .map((drawn) =>
      drawn.flatMap(({ actor, length, alternative }) =>
        Array.from({ length }, (): Move => ({ actor, alternative })),
      ),
    );
}
