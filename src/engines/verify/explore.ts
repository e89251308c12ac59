import { NONE } from '../controlled/automaton.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { Arrivals } from './arrivals.ts';
import { CHECKED, type Explored, type ExploreLimits, type Unchecked } from './explored.ts';
import { pathTo } from './paths.ts';
import { Places } from './places.ts';
import type { Reduction } from './reduction.ts';
import { StateStore } from './state-store.ts';
import { EVERYBODY, Ways } from './ways.ts';

const STATES_PER_LOOK = 4096;

/**
 * Breadth-first exploration of all interleavings of a system.
 *
 * With a reduction, steps that suffice alone are taken in a row, and only the state behind them is kept.
 */
export class Exploration {
  readonly store: StateStore;
  readonly #system: System;
  readonly #stepper: Stepper;
  /** The ways out of a state. */
  readonly ways: Ways;
  readonly #reduction: Reduction | undefined;
  readonly #unchecked: Unchecked;
  readonly #places: Places;
  #parent = new Int32Array(1 << 10);
  /** Where steps led that nobody looks at until later; a reduction has to know at once. */
  readonly #arrivals: Arrivals | undefined;
  #reached = 0;
  /** The state whose ways were stored last, and whether none of them so far leads to a later one. */
  #left = NONE;
  #turns = false;
  /** States that lead to none behind them: every cycle has one. */
  readonly turning: number[] = [];
  transitions = 0;
  depth = 0;

  /**
   * @param reduction which actors' steps suffice; without it, all
   * @param unchecked what is left unchecked
   */
  constructor(
    system: System,
    stepper: Stepper,
    reduction: Reduction | undefined,
    outcomes: number,
    unchecked: Unchecked = CHECKED,
  ) {
    this.store = new StateStore(system.model.packedLength);
    this.#system = system;
    this.#stepper = stepper;
    this.#reduction = reduction;
    this.#arrivals = reduction === undefined ? new Arrivals(this.store) : undefined;
    this.#unchecked = unchecked;
    this.#places = new Places(system, stepper);
    this.ways = new Ways(system, stepper, reduction, this.#places, unchecked, outcomes);
  }

  get bytes(): number {
    return this.store.bytes + this.#parent.length * 4 + this.turning.length * 8;
  }

  run(limits: ExploreLimits): Explored {
    const stepper = this.#stepper;
    const { store } = this;
    const { model } = this.#system;
    model.dropped = false;
    model.foresee(this.#reduction?.futures ?? []);
    this.ways.reset();
    this.#store(NONE);
    if (stepper.violator !== NONE)
      return this.ways.endsUnchecked() ? { kind: 'all' } : this.#violation(0);
    let layerEnd = store.count;
    for (let state = 0; state < store.count; state++) {
      if (state === layerEnd) {
        this.depth++;
        layerEnd = store.count;
      }
      if ((state & (STATES_PER_LOOK - 1)) === 0) {
        const why = this.#overLimits(limits, state);
        if (why !== undefined) return { kind: 'stopped', why };
      }
      const moves = this.#leave(state);
      if (stepper.violator !== NONE) return this.#violation(this.#reached);
      this.transitions += moves;
      if (state + 1 === layerEnd || store.count + this.#waiting > limits.maxStates) this.#settle();
      if (moves === 0) {
        model.load(store.chunkOf(state), store.offsetOf(state));
        if (!stepper.finished && !this.#unchecked.waiting && !stepper.leftOff)
          return { kind: 'stuck', path: this.pathTo(state) };
      }
      if (
        limits.patience !== undefined &&
        store.count > limits.patience &&
        this.#reduction?.isComplete === false
      ) {
        return { kind: 'stopped', why: 'incomplete' };
      }
      if (store.count > limits.maxStates) return { kind: 'stopped', why: 'max-states' };
    }
    this.#turn(NONE);
    const endless = this.#system.learners.some((learner) => learner.endless);
    return endless ? { kind: 'stopped', why: 'endless' } : { kind: 'all' };
  }

  /** Takes the steps that suffice from a state. Returns how many there were. */
  #leave(state: number): number {
    const stepper = this.#stepper;
    const { model } = this.#system;
    const { store } = this;
    model.load(store.chunkOf(state), store.offsetOf(state));
    const enabled = this.ways.enabled();
    const chosen = this.ways.suffice(enabled);
    const countBefore = store.count;
    const moves = this.#expand(state, chosen, true);
    // Steps that only lead to where one has been may put the others off for ever.
    if (chosen === enabled || store.count !== countBefore || stepper.violator !== NONE)
      return moves;
    return moves + this.#expand(state, enabled & ~chosen, false);
  }

  /**
   * Takes every step of these actors from a state. Returns how many there were.
   *
   * @param atHand whether the model has that state at hand already
   */
  #expand(state: number, chosen: number, atHand: boolean): number {
    const stepper = this.#stepper;
    const { model } = this.#system;
    const { store } = this;
    const words = store.chunkOf(state);
    const at = store.offsetOf(state);
    const { actors } = stepper;
    let moves = 0;
    for (let actor = 0; actor < actors; actor++) {
      if (chosen !== EVERYBODY && (chosen & (1 << actor)) === 0) continue;
      const count = this.ways.counts[actor]!;
      for (let way = 0; way < count; way++) {
        if (moves > 0 || !atHand) model.load(words, at);
        moves++;
        this.ways.follow(actor, way);
        if (stepper.violator === NONE) this.#arrive(state);
        else if (this.ways.endsUnchecked()) {
          this.#settle();
          this.#turn(state);
          this.#turns = false;
        } else {
          this.#settle();
          this.#store(state);
          return moves;
        }
      }
    }
    return moves;
  }

  /** The moves that lead to a state, each by the thread whose it is. */
  pathTo(state: number): Move[] {
    return pathTo(state, this.#parent, this.store, this.#system, this.ways, this.#places);
  }

  #violation(state: number): Explored {
    return { kind: 'violation', path: this.pathTo(state), thread: this.#stepper.violator };
  }

  #overLimits(limits: ExploreLimits, done: number): 'memory' | 'interrupted' | undefined {
    const learned = new Set(this.#system.learners);
    let { bytes } = this;
    for (const learner of learned) bytes += learner.bytes;
    if (bytes > limits.maxBytes) return 'memory';
    return this.goesOn(limits, done) ? undefined : 'interrupted';
  }

  /** Tells how it goes; false to stop. */
  goesOn(limits: ExploreLimits, done: number): boolean {
    const figures = {
      states: this.store.count,
      transitions: this.transitions,
      frontier: this.store.count - done,
      depth: this.depth,
      bytes: this.bytes,
    };
    return limits.onProgress?.(figures) !== false;
  }

  /** Takes note of the state at hand, now or with others. */
  #arrive(parent: number): void {
    const arrivals = this.#arrivals;
    if (arrivals === undefined) {
      this.#store(parent);
      return;
    }
    arrivals.add(this.#system.model.packed, this.ways.packed(), parent);
    if (arrivals.isFull) this.#settle();
  }

  get #waiting(): number {
    return this.#arrivals?.count ?? 0;
  }

  /** Stores all that has arrived. */
  #settle(): void {
    this.#arrivals?.settle(this.#stored);
  }

  #store(parent: number): void {
    const state = this.store.insert(this.#system.model.packed, this.ways.packed());
    this.#reached = state < 0 ? -1 - state : state;
    this.#stored(this.#reached, state >= 0, parent);
  }

  readonly #stored = (state: number, isNew: boolean, parent: number): void => {
    if (isNew) {
      if (state === this.#parent.length) this.#widen();
      this.#parent[state] = parent;
    }
    if (parent !== this.#left) this.#turn(parent);
    if (state > parent) this.#turns = false;
  };

  /** Goes on to the ways of another state. */
  #turn(next: number): void {
    if (next === this.#left) return;
    if (this.#turns && this.#left !== NONE) this.turning.push(this.#left);
    this.#left = next;
    this.#turns = true;
  }

  #widen(): void {
    const parent = new Int32Array(this.#parent.length * 2);
    parent.set(this.#parent);
    this.#parent = parent;
  }
}
