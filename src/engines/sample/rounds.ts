import { NONE } from '../controlled/automaton.ts';

/**
 * Notices an actor that goes on and on and comes back to where it was: it waits for somebody else.
 *
 * Brent: where it stood at the latest power of two of its steps in a row is remembered.
 */
export class Rounds {
  #runner = NONE;
  #mark = NONE;
  #sinceMark = 0;
  #lap = 1;

  /** Forgets who ran. */
  reset(): void {
    this.#runner = NONE;
  }

  /** Told each step, by the state that it led its thread to; whether that closes a round. */
  comesRound(actor: number, node: number): boolean {
    if (actor !== this.#runner) {
      this.#runner = actor;
      this.#mark = node;
      this.#sinceMark = 0;
      this.#lap = 1;
      return false;
    }
    if (node === this.#mark) {
      this.reset();
      return true;
    }
    if (++this.#sinceMark === this.#lap) {
      this.#lap *= 2;
      this.#sinceMark = 0;
      this.#mark = node;
    }
    return false;
  }
}
