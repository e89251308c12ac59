import { THREAD_RACING } from './control.ts';
import type { ThreadBlock } from './thread-block.ts';

/** Since when each thread of a race has been at the step that it is at. */
export class Stalls {
  readonly #blocks: readonly ThreadBlock[];
  readonly #seen: { operations: number; since: number }[];

  /** @param now milliseconds, when the race began */
  constructor(blocks: readonly ThreadBlock[], now: number) {
    this.#blocks = blocks;
    this.#seen = blocks.map(() => ({ operations: -1, since: now }));
  }

  /** A thread that finished no step for longer than `stall` ms, or −1; one that is inside a role goes before one that waits. */
  stuck(now: number, stall: number): number {
    let stuck = -1;
    for (const [index, last] of this.#seen.entries()) {
      const { operations, state, role } = this.#blocks[index]!;
      if (operations !== last.operations || state !== THREAD_RACING) {
        last.operations = operations;
        last.since = now;
      } else if (now - last.since > stall && (stuck < 0 || role !== 0)) {
        stuck = index;
      }
    }
    return stuck;
  }

  /** When a thread was last seen to have finished a step, ms. */
  since(index: number): number {
    return this.#seen[index]!.since;
  }
}
