import { exchange } from '../controlled/models/exchange.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';

/** Symmetry: threads that are alike are kept in sorted order, for which of them is which makes no difference. */
export class Places {
  readonly #system: System;
  readonly #stepper: Stepper;
  /** Which thread stands in each place, while moves are followed. */
  #who: number[] | undefined;

  constructor(system: System, stepper: Stepper) {
    this.#system = system;
    this.#stepper = stepper;
  }

  /** Brings threads that are alike into order, in the state at hand. */
  sort(): void {
    const { alike, model } = this.#system;
    for (let group = 0; group < alike.length; group++) {
      const threads = alike[group]!;
      for (let from = 1; from < threads.length; from++) {
        for (let at = from; at > 0; at--) {
          const left = threads[at - 1]!;
          const right = threads[at]!;
          if (model.compare(left, right) <= 0) break;
          model.swap(left, right);
          if (this.#who !== undefined) exchange(this.#who, left, right);
        }
      }
    }
  }

  /** Begins to follow moves from the first state on. */
  begin(): { inTheirs(moves: readonly Move[]): Move[] } {
    const who = this.#system.learners.map((_, thread) => thread);
    this.#stepper.reset();
    this.#sortNoting(who);
    const first = Int32Array.from(this.#system.model.packed.subarray(0, this.#system.model.pack()));
    let from = first;
    return {
      // Moves between two states that were kept, as those of the threads that really take them.
      inTheirs: (moves) => {
        const { model } = this.#system;
        model.load(from, 0);
        for (const { actor, alternative } of moves) this.#stepper.take(actor, alternative);
        const own = moves.map((move) => this.#own(move, who));
        this.#sortNoting(who);
        from = Int32Array.from(model.packed.subarray(0, model.pack()));
        return own;
      },
    };
  }

  #sortNoting(who: number[]): void {
    this.#who = who;
    this.sort();
    this.#who = undefined;
  }

  #own({ actor, alternative }: Move, who: readonly number[]): Move {
    const threads = this.#system.learners.length;
    if (actor < threads) return { actor: who[actor]!, alternative };
    // Behind the threads are the clock and, one for each thread, the store buffers.
    if (actor === threads) return { actor, alternative };
    return { actor: threads + 1 + who[actor - threads - 1]!, alternative };
  }
}
