import type { System } from '../controlled/system.ts';
import { Footprints, wordsFor } from './footprints.ts';

/** Threads that sets of threads have room for. */
const MOST_THREADS = 30;

/**
 * Partial-order reduction: in each state a set of threads such that nothing the others may ever do
 * touches what these do next. Only their steps are explored; the others' can wait, and come to the same.
 *
 * What threads may do later is read off their automata as far as they are learned. A thread in a state
 * that was learned since then may do anything; explorations are repeated until none learns anything new.
 * Source: Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems" (persistent sets).
 */
export class Reduction {
  readonly #system: System;
  readonly #footprints: readonly Footprints[];
  readonly #words: number;
  readonly #cells: number;
  readonly #held: Int32Array;
  readonly #nextReads: Int32Array;
  readonly #nextWrites: Int32Array;
  readonly #laterReads: Int32Array;
  readonly #laterWrites: Int32Array;

  constructor(system: System) {
    const { learners, cells, model } = system;
    this.#system = system;
    this.#cells = cells.length;
    this.#words = wordsFor(cells.length);
    this.#footprints = learners.map(
      ({ automaton }) => new Footprints(automaton, cells.length, model.name === 'weak'),
    );
    // The clock is one more thread here.
    const rows = (learners.length + 1) * this.#words;
    this.#held = new Int32Array(this.#words);
    this.#nextReads = new Int32Array(rows);
    this.#nextWrites = new Int32Array(rows);
    this.#laterReads = new Int32Array(rows);
    this.#laterWrites = new Int32Array(rows);
  }

  /** Whether all that is known now was known when this was made. */
  get isComplete(): boolean {
    return this.#system.learners.every(
      ({ automaton }, thread) => automaton.size === this.#footprints[thread]!.size,
    );
  }

  /**
   * The threads whose steps suffice in the state at hand, as bits; the clock's is behind the threads'.
   *
   * @param enabled which of them can take a step
   */
  suffice(enabled: number): number {
    const threads = this.#system.learners.length + 1;
    if (threads > MOST_THREADS) return enabled;
    this.#look();
    let best = enabled;
    for (let seed = 0; seed < threads; seed++) {
      if ((enabled & (1 << seed)) === 0) continue;
      const steps = this.#close(1 << seed, threads) & enabled;
      if (count(steps) < count(best)) best = steps;
    }
    return best;
  }

  /** Adds every thread that may ever touch what a thread of the set does next. */
  #close(seed: number, threads: number): number {
    let set = seed;
    let pending = seed;
    while (pending !== 0) {
      const thread = 31 - Math.clz32(pending);
      pending &= ~(1 << thread);
      for (let other = 0; other < threads; other++) {
        if ((set & (1 << other)) !== 0 || !this.#conflict(thread, other)) continue;
        set |= 1 << other;
        pending |= 1 << other;
      }
    }
    return set;
  }

  #conflict(thread: number, other: number): boolean {
    const words = this.#words;
    for (let word = 0; word < words; word++) {
      const next = thread * words + word;
      const later = other * words + word;
      const both =
        (this.#nextWrites[next]! & (this.#laterReads[later]! | this.#laterWrites[later]!)) |
        (this.#nextReads[next]! & this.#laterWrites[later]!);
      if (both !== 0) return true;
    }
    return false;
  }

  /** What each thread does next and later, in the state at hand. */
  #look(): void {
    const { learners, model } = this.#system;
    const words = this.#words;
    const held = this.#held;
    for (let thread = 0; thread < learners.length; thread++) {
      const footprints = this.#footprints[thread]!;
      const node = model.nodes[thread]!;
      const row = thread * words;
      if (node >= footprints.size) {
        this.#nextReads.fill(-1, row, row + words);
        this.#nextWrites.fill(-1, row, row + words);
        this.#laterReads.fill(-1, row, row + words);
        this.#laterWrites.fill(-1, row, row + words);
        continue;
      }
      held.fill(0);
      model.held(thread, held);
      for (let word = 0; word < words; word++) {
        const from = node * words + word;
        this.#nextReads[row + word] = footprints.reads[from]!;
        this.#nextWrites[row + word] = footprints.writes[from]! | held[word]!;
        this.#laterReads[row + word] = footprints.laterReads[from]!;
        this.#laterWrites[row + word] = footprints.laterWrites[from]! | held[word]!;
      }
    }
    const clock = learners.length * words;
    this.#nextWrites.fill(0, clock, clock + words);
    this.#laterWrites.fill(0, clock, clock + words);
    if (!model.ready(0)) return;
    const bit = 1 << (this.#cells & 31);
    this.#nextWrites[clock + (this.#cells >>> 5)] = bit;
    this.#laterWrites[clock + (this.#cells >>> 5)] = bit;
  }
}

function count(bits: number): number {
  let rest = bits;
  let ones = 0;
  for (; rest !== 0; rest &= rest - 1) ones++;
  return ones;
}
