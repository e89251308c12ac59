import { hashOf, type StateStore } from './state-store.ts';

/** States that wait at the most. More than a processor can fetch at a time make no difference. */
const MOST = 128;

/** Told where a state went: its number, whether it is new, and the number of the state that leads to it. */
export type Settle = (state: number, isNew: boolean, parent: number) => void;

/**
 * States that were reached and wait to be stored, so that the misses in the caches of one do not wait for
 * those of another. They are stored in the order in which they came.
 */
export class Arrivals {
  readonly #store: StateStore;
  #words = new Int32Array(MOST * 16);
  #used = 0;
  readonly #lengths = new Int32Array(MOST);
  readonly #parents = new Int32Array(MOST);
  readonly #hashes = new Int32Array(MOST);
  /** States that wait. */
  count = 0;
  /** Keeps the looks ahead from being left out as useless. */
  #seen = 0;

  constructor(store: StateStore) {
    this.#store = store;
  }

  get isFull(): boolean {
    return this.count === MOST;
  }

  /** Takes a state that was reached from `parent`, unless it {@link isFull}. */
  add(words: Int32Array, length: number, parent: number): void {
    const from = this.#used;
    this.#used += length;
    if (this.#used > this.#words.length) this.#widen();
    const own = this.#words;
    for (let word = 0; word < length; word++) own[from + word] = words[word]!;
    const at = this.count++;
    this.#lengths[at] = length;
    this.#parents[at] = parent;
    this.#hashes[at] = hashOf(words, 0, length);
  }

  /** Stores all that wait. */
  settle(told: Settle): void {
    const store = this.#store;
    this.#seen ^= store.approach(this.#hashes, this.count);
    let from = 0;
    for (let at = 0; at < this.count; at++) {
      const length = this.#lengths[at]!;
      const state = store.insertAt(this.#words, from, length, this.#hashes[at]!);
      from += length;
      told(state < 0 ? -1 - state : state, state >= 0, this.#parents[at]!);
    }
    this.#used = 0;
    this.count = 0;
  }

  #widen(): void {
    const wider = new Int32Array(this.#used * 2);
    wider.set(this.#words);
    this.#words = wider;
  }
}
