import type { Future } from '../controlled/models/memory-model.ts';
import { STEP_MEET } from '../controlled/step.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { Footprints, wordsFor } from './footprints.ts';

/** Actors that a set of them, kept as bits, has room for. */
export const MOST_ACTORS = 30;
/** Not a set of so few actors. */
const UNKNOWN = -1;

/**
 * Partial-order reduction: in each state a set of actors such that nothing the others may ever do
 * touches what these do next. Only their steps are explored; the others' can wait, and come to the same.
 *
 * What threads may do later is read off their automata as far as they are learned. A thread in a state
 * that was learned since then may do anything; explorations are repeated until none learns anything new.
 * A store buffer is an actor of its own, which touches what its oldest store does; what its thread
 * stores later needs that thread to take a step.
 * Source: Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems" (persistent sets).
 */
export class Reduction {
  readonly #system: System;
  readonly #threads: number;
  readonly #actors: number;
  readonly #footprints: readonly Footprints[];
  readonly #words: number;
  readonly #unknown: Int32Array;
  /** For each actor: the set that holds its row, and where. */
  readonly #nextReads: Int32Array[];
  readonly #nextWrites: Int32Array[];
  readonly #laterReads: Int32Array[];
  readonly #laterWrites: Int32Array[];
  readonly #row: Int32Array;
  /** Of each actor, those that it conflicts with in the state at hand, as far as that was asked for. */
  readonly #conflicting: Int32Array;
  /** Place of the clock in a set. */
  readonly #clockBit: number;
  /** Store buffers that hold something, as bits. */
  #buffers = 0;
  /** Of these, those that are empty after their next step. */
  #emptied = 0;

  constructor(system: System, stepper: Stepper) {
    const { learners, cells, model } = system;
    this.#system = system;
    this.#threads = learners.length;
    this.#actors = stepper.actors;
    this.#words = wordsFor(cells.length);
    const known = new Map(
      [...new Set(learners)].map((learner) => [
        learner,
        new Footprints(learner.automaton, system.halves, model.name),
      ]),
    );
    this.#footprints = learners.map((learner) => known.get(learner)!);
    this.#unknown = new Int32Array(this.#words).fill(-1);
    const own = (): Int32Array[] =>
      Array.from({ length: this.#actors }, () => new Int32Array(this.#words));
    this.#nextReads = own();
    this.#nextWrites = own();
    this.#laterReads = own();
    this.#laterWrites = own();
    this.#row = new Int32Array(this.#actors);
    this.#conflicting = new Int32Array(this.#actors);
    this.#clockBit = cells.length;
  }

  /** What each thread may still do. */
  get futures(): readonly Future[] {
    return this.#footprints;
  }

  /**
   * Whether an exploration with this one has left out nothing: of states that were learned since, it took
   * for granted that threads may do anything behind them.
   */
  get stillHolds(): boolean {
    return [...new Set(this.#footprints)].every((footprints) => footprints.stillHolds);
  }

  /** Whether all that is known now was known when this was made. */
  get isComplete(): boolean {
    return this.#footprints.every(({ isComplete }) => isComplete);
  }

  /**
   * The actors whose steps suffice in the state at hand, as bits.
   *
   * @param enabled which of them can take a step
   */
  suffice(enabled: number): number {
    if (this.#actors > MOST_ACTORS || (enabled & (enabled - 1)) === 0) return enabled;
    this.#look();
    let best = enabled;
    let fewest = count(enabled);
    for (let rest = enabled; rest !== 0; rest &= rest - 1) {
      const seed = rest & -rest;
      const steps = this.#close(seed, enabled) & enabled;
      const size = count(steps);
      if (size >= fewest) continue;
      best = steps;
      fewest = size;
      if (size === 1) break;
    }
    return best;
  }

  /** Adds every actor that may ever touch what an actor of the set does next. */
  #close(seed: number, enabled: number): number {
    const threads = this.#threads;
    const { learners, model } = this.#system;
    let set = seed;
    let pending = seed;
    while (pending !== 0) {
      const actor = 31 - Math.clz32(pending);
      pending &= ~(1 << actor);
      // A thread that cannot go on may be waiting for its own store buffer.
      if (actor < threads && (enabled & (1 << actor)) === 0) {
        const buffer = (1 << (threads + 1 + actor)) & this.#buffers & ~set;
        set |= buffer;
        pending |= buffer;
        // Nobody meets it as long as a thread of the set has a step to take; with the clock alone, somebody may.
        const op = learners[actor]!.automaton.op[model.nodes[actor]!];
        if (op === STEP_MEET && seed === 1 << threads) return enabled;
      }
      const others = this.#conflicts(actor) & ~set;
      set |= others;
      pending |= others;
    }
    return set;
  }

  /** Every other actor that may ever touch what one does next. */
  #conflicts(actor: number): number {
    const known = this.#conflicting[actor]!;
    if (known !== UNKNOWN) return known;
    let others = 0;
    for (let other = 0; other < this.#actors; other++) {
      if (other !== actor && this.#conflict(actor, other)) others |= 1 << other;
    }
    this.#conflicting[actor] = others;
    return others;
  }

  #conflict(actor: number, other: number): boolean {
    const words = this.#words;
    const writes = this.#nextWrites[actor]!;
    const at = this.#row[actor]!;
    if (actor === other + this.#threads + 1) {
      // A thread's loads find in its store buffer what they would find in memory once it has drained.
      const past = this.#footprints[other]!.pastBuffer;
      for (let word = 0; word < words; word++)
        if ((writes[at + word]! & past[word]!) !== 0) return true;
      return (this.#emptied & (1 << actor)) !== 0 && this.#isNoted(other);
    }
    if (other === actor + this.#threads + 1 && this.#overtakes(actor, other)) return true;
    const reads = this.#nextReads[actor]!;
    const laterReads = this.#laterReads[other]!;
    const laterWrites = this.#laterWrites[other]!;
    const later = this.#row[other]!;
    for (let word = 0; word < words; word++) {
      const theirs = laterWrites[later + word]!;
      if ((writes[at + word]! & (laterReads[later + word]! | theirs)) !== 0) return true;
      if ((reads[at + word]! & theirs) !== 0) return true;
    }
    return false;
  }

  /**
   * TSO: whether anybody may look at what the checker yet stores on behalf of a thread. Others see that at
   * once if the thread's store buffer is empty, and else when what is in it has drained.
   */
  #isNoted(thread: number): boolean {
    const words = this.#words;
    const own = this.#footprints[thread]!;
    const node = this.#system.model.nodes[thread]!;
    if (node >= own.states) return true;
    for (let word = 0; word < words; word++) {
      const notes = own.laterNotes[node * words + word]!;
      if (notes === 0) continue;
      if ((notes & own.pastBuffer[word]!) !== 0) return true;
      for (let other = 0; other < this.#threads; other++) {
        if (other === thread) continue;
        const at = this.#row[other]! + word;
        if ((notes & (this.#laterReads[other]![at]! | this.#laterWrites[other]![at]!)) !== 0)
          return true;
      }
    }
    return false;
  }

  /** TSO: whether a step of a thread has a note of the checker's wait in the store buffer that the same step looks past. */
  #overtakes(thread: number, buffer: number): boolean {
    if ((this.#emptied & (1 << buffer)) === 0) return false;
    const { laterNotes, pastBuffer } = this.#footprints[thread]!;
    const writes = this.#nextWrites[thread]!;
    const at = this.#row[thread]!;
    for (let word = 0; word < this.#words; word++)
      if ((writes[at + word]! & laterNotes[at + word]! & pastBuffer[word]!) !== 0) return true;
    return false;
  }

  /** What each actor does next and later, in the state at hand. */
  #look(): void {
    const { model } = this.#system;
    const threads = this.#threads;
    this.#conflicting.fill(UNKNOWN);
    for (let thread = 0; thread < threads; thread++) {
      const footprints = this.#footprints[thread]!;
      const node = model.nodes[thread]!;
      const known = node < footprints.states;
      this.#row[thread] = known ? node * this.#words : 0;
      this.#nextReads[thread] = known ? footprints.reads : this.#unknown;
      this.#nextWrites[thread] = known ? footprints.writes : this.#unknown;
      this.#laterReads[thread] = known ? footprints.laterReads : this.#unknown;
      this.#laterWrites[thread] = known ? footprints.laterWrites : this.#unknown;
    }
    const clock = model.ready(0) ? 1 << (this.#clockBit & 31) : 0;
    this.#nextWrites[threads]![this.#clockBit >>> 5] = clock;
    this.#laterWrites[threads]![this.#clockBit >>> 5] = clock;
    this.#buffers = 0;
    this.#emptied = 0;
    for (let actor = threads + 1; actor < this.#actors; actor++) {
      const next = this.#nextWrites[actor]!;
      const later = this.#laterWrites[actor]!;
      next.fill(0);
      later.fill(0);
      if (!model.ready(actor - threads)) continue;
      this.#buffers |= 1 << actor;
      if (model.buffered(actor - threads - 1, next, later)) this.#emptied |= 1 << actor;
    }
  }
}

function count(bits: number): number {
  let rest = bits;
  let ones = 0;
  for (; rest !== 0; rest &= rest - 1) ones++;
  return ones;
}
