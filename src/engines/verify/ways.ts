import { NONE } from '../controlled/automaton.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import type { Unchecked } from './explored.ts';
import type { Places } from './places.ts';
import { MOST_ACTORS, type Reduction } from './reduction.ts';

/** All actors, where there are too many for a set kept as bits. */
export const EVERYBODY = -1;
/** Steps that are taken in a row, at the most, because no other step need be looked at. */
const LONGEST_RUN = 256;

/**
 * The ways out of a state, each up to the next state that is worth keeping: with a reduction, steps that
 * suffice alone are taken in a row, and only the state behind them is kept.
 */
export class Ways {
  readonly #system: System;
  readonly #stepper: Stepper;
  readonly #reduction: Reduction | undefined;
  readonly #unchecked: Unchecked;
  readonly #places: Places;
  /** Ways that each actor has in the state that is being left, and in one on the way. */
  readonly counts: Int32Array;
  readonly #countsOnTheWay: Int32Array;
  /** Moves as they are taken, where somebody asks for them. */
  #moves: Move[] | undefined;
  /** How often each outcome was seen, by its place in the scenario's table. */
  readonly outcomes: Float64Array;

  constructor(
    system: System,
    stepper: Stepper,
    reduction: Reduction | undefined,
    places: Places,
    unchecked: Unchecked,
    outcomes: number,
  ) {
    this.#system = system;
    this.#stepper = stepper;
    this.#reduction = reduction;
    this.#places = places;
    this.#unchecked = unchecked;
    this.outcomes = new Float64Array(outcomes);
    this.counts = new Int32Array(stepper.actors);
    this.#countsOnTheWay = new Int32Array(stepper.actors);
  }

  /** Brings the machine to the state before the first step. */
  reset(): void {
    this.#stepper.reset();
    this.#count();
  }

  /** Which actors can take a step in the state at hand, as bits; leaves in how many ways. */
  enabled(): number {
    return this.#enabled(this.counts);
  }

  /** Of these actors, those whose steps suffice. */
  suffice(enabled: number): number {
    return this.#reduction === undefined ? enabled : this.#reduction.suffice(enabled);
  }

  /** Takes one way from the state at hand. */
  follow(actor: number, way: number): void {
    this.#take(actor, way);
    if (this.#reduction !== undefined) this.#goOn(this.#reduction);
  }

  /**
   * Takes every way from a stored state, each to the state that would be kept.
   *
   * @param visit told the moves, with that state at hand; returns whether to go on
   */
  each(words: Int32Array, at: number, visit: (moves: readonly Move[]) => boolean): void {
    const { model } = this.#system;
    const ways = this.counts;
    model.load(words, at);
    this.enabled();
    for (let actor = 0; actor < this.#stepper.actors; actor++) {
      for (let way = 0; way < ways[actor]!; way++) {
        const moves: Move[] = [];
        model.load(words, at);
        this.#moves = moves;
        this.follow(actor, way);
        this.#moves = undefined;
        if (!visit(moves)) return;
      }
    }
  }

  /** The state at hand, in the form in which it is stored: words of the model's {@link MemoryModel.packed}. */
  packed(): number {
    this.#places.sort();
    return this.#system.model.pack();
  }

  /** Whether an invariant is broken here whose check is left out. That is then forgotten. */
  endsUnchecked(): boolean {
    const stepper = this.#stepper;
    const { learners, model } = this.#system;
    const thread = stepper.violator;
    if (this.#unchecked.invariants.length === 0 || thread === NONE) return false;
    const { invariant } = learners[thread]!.violation(model.nodes[thread]!);
    if (!this.#unchecked.invariants.includes(invariant)) return false;
    stepper.violator = NONE;
    return true;
  }

  #enabled(ways: Int32Array): number {
    const stepper = this.#stepper;
    const { actors } = stepper;
    let enabled = 0;
    for (let actor = 0; actor < actors; actor++) {
      const count = stepper.alternatives(actor);
      ways[actor] = count;
      if (count !== 0) enabled |= 1 << actor;
    }
    return actors > MOST_ACTORS ? EVERYBODY : enabled;
  }

  /** Goes on as long as one step suffices. */
  #goOn(reduction: Reduction): void {
    const stepper = this.#stepper;
    const { nodes } = this.#system.model;
    const ways = this.#countsOnTheWay;
    // Brent: whoever comes back to where it was at the latest power of two may do so for ever.
    let lap = 1;
    let runner = NONE;
    let node = NONE;
    for (let steps = 0; steps < LONGEST_RUN && stepper.violator === NONE; steps++) {
      const enabled = this.#enabled(ways);
      if (enabled === 0 || enabled === EVERYBODY) return;
      const chosen = reduction.suffice(enabled);
      if ((chosen & (chosen - 1)) !== 0) return;
      const actor = 31 - Math.clz32(chosen);
      if (ways[actor] !== 1) return;
      if (actor === runner && nodes[actor] === node) return;
      if (steps === lap) {
        lap *= 2;
        runner = actor;
        node = nodes[actor] ?? NONE;
      }
      this.#take(actor, 0);
    }
  }

  #take(actor: number, alternative: number): void {
    this.#moves?.push({ actor, alternative });
    this.#stepper.take(actor, alternative);
    if (this.#stepper.countedLength > 0) this.#count();
  }

  #count(): void {
    const { counted, countedLength } = this.#stepper;
    for (let at = 0; at < countedLength; at++) this.outcomes[counted[at]!]!++;
  }
}
