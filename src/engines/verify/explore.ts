import { NONE } from '../controlled/automaton.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { Arrivals } from './arrivals.ts';
import { Places } from './places.ts';
import { MOST_ACTORS, type Reduction } from './reduction.ts';
import { StateStore } from './state-store.ts';

/** How an exploration ended. */
export type Explored =
  | { readonly kind: 'all' }
  | { readonly kind: 'violation'; readonly path: readonly Move[]; readonly thread: number }
  | { readonly kind: 'stuck'; readonly path: readonly Move[] }
  | { readonly kind: 'stopped'; readonly why: Bound | 'incomplete' };

/** Why not all was explored: what it may cost, somebody who stops it, or what the engine does not look at. */
export type Bound = 'max-states' | 'memory' | 'interrupted' | 'messages' | 'endless';

/** What an exploration may cost, and whom it tells. */
export interface ExploreLimits {
  readonly maxStates: number;
  readonly maxBytes: number;
  /** States after which an exploration stops whose reduction has become incomplete. */
  readonly patience?: number;
  /** Told now and then; returns false to stop. */
  readonly onProgress?: ((explored: ExploreProgress) => boolean) | undefined;
}

export interface ExploreProgress {
  readonly states: number;
  readonly transitions: number;
  readonly frontier: number;
  readonly depth: number;
  readonly bytes: number;
}

/** What is left unchecked, for control. */
export interface Unchecked {
  /** Who breaks these is at its end. */
  readonly invariants: readonly string[];
  /** Whether threads may wait for ever. */
  readonly waiting: boolean;
}

const CHECKED: Unchecked = { invariants: [], waiting: false };

const STATES_PER_LOOK = 4096;
/** All actors, where there are too many for a set kept as bits. */
const EVERYBODY = -1;
/** Steps that are taken in a row, at the most, because no other step need be looked at. */
const LONGEST_RUN = 256;

/**
 * Breadth-first exploration of all interleavings of a system.
 *
 * With a reduction, steps that suffice alone are taken in a row, and only the state behind them is kept.
 */
export class Exploration {
  readonly store: StateStore;
  readonly #system: System;
  readonly #stepper: Stepper;
  readonly #reduction: Reduction | undefined;
  readonly #unchecked: Unchecked;
  readonly #places: Places;
  #parent = new Int32Array(1 << 10);
  /** Ways that each actor has in the state that is being left, and in one on the way. */
  readonly #ways: Int32Array;
  readonly #waysOnTheWay: Int32Array;
  /** Moves as they are taken, where somebody asks for them. */
  #moves: Move[] | undefined;
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
  /** How often each outcome was seen, by its place in the scenario's table. */
  readonly outcomes: Float64Array;

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
    this.outcomes = new Float64Array(outcomes);
    this.#ways = new Int32Array(stepper.actors);
    this.#waysOnTheWay = new Int32Array(stepper.actors);
  }

  get bytes(): number {
    return this.store.bytes + this.#parent.length * 4 + this.turning.length * 8;
  }

  run(limits: ExploreLimits): Explored {
    const stepper = this.#stepper;
    const { store } = this;
    const { model } = this.#system;
    stepper.reset();
    this.#count();
    this.#store(NONE);
    if (stepper.violator !== NONE)
      return this.endsUnchecked() ? { kind: 'all' } : this.#violation(0);
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
        if (!stepper.finished && !this.#unchecked.waiting && this.#leftOut === undefined)
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
    const why = this.#leftOut;
    return why === undefined ? { kind: 'all' } : { kind: 'stopped', why };
  }

  /** What was not looked at, and why. */
  get #leftOut(): Bound | undefined {
    if (this.#system.model.full) return 'messages';
    return this.#system.learners.some(({ endless }) => endless) ? 'endless' : undefined;
  }

  /** Takes the steps that suffice from a state. Returns how many there were. */
  #leave(state: number): number {
    const stepper = this.#stepper;
    const { model } = this.#system;
    const { store } = this;
    model.load(store.chunkOf(state), store.offsetOf(state));
    const enabled = this.#enabled(this.#ways);
    const chosen = this.#reduction === undefined ? enabled : this.#reduction.suffice(enabled);
    const countBefore = store.count;
    const moves = this.#expand(state, chosen);
    // Steps that only lead to where one has been may put the others off for ever.
    if (chosen === enabled || store.count !== countBefore || stepper.violator !== NONE)
      return moves;
    return moves + this.#expand(state, enabled & ~chosen);
  }

  /** Which actors can take a step, as bits; leaves in how many ways. */
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

  /** Takes every step of these actors from a state. Returns how many there were. */
  #expand(state: number, chosen: number): number {
    const stepper = this.#stepper;
    const { model } = this.#system;
    const { store } = this;
    const words = store.chunkOf(state);
    const at = store.offsetOf(state);
    const { actors } = stepper;
    let moves = 0;
    for (let actor = 0; actor < actors; actor++) {
      if (chosen !== EVERYBODY && (chosen & (1 << actor)) === 0) continue;
      const ways = this.#ways[actor]!;
      for (let way = 0; way < ways; way++) {
        model.load(words, at);
        moves++;
        this.#take(actor, way);
        if (this.#reduction !== undefined) this.#goOn(this.#reduction);
        if (stepper.violator === NONE) this.#arrive(state);
        else if (this.endsUnchecked()) {
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

  /** Goes on as long as one step suffices. */
  #goOn(reduction: Reduction): void {
    const stepper = this.#stepper;
    const { nodes } = this.#system.model;
    const ways = this.#waysOnTheWay;
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

  /** The state that another one was first reached from, or −1 for the first. */
  parentOf(state: number): number {
    return this.#parent[state]!;
  }

  /** The moves that lead to a state, each by the thread whose it is. */
  pathTo(state: number): Move[] {
    const states: number[] = [];
    for (let at = state; at !== NONE; at = this.#parent[at]!) states.push(at);
    states.reverse();
    const places = this.#places.begin();
    const path: Move[] = [];
    for (let at = 1; at < states.length; at++) {
      path.push(...places.inTheirs(this.#movesBetween(states[at - 1]!, states[at]!)));
    }
    return path;
  }

  /** The moves from a state to one that was first reached from it: they are not kept, but found again. */
  #movesBetween(parent: number, child: number): readonly Move[] {
    const { model } = this.#system;
    const { store } = this;
    let found: readonly Move[] | undefined;
    this.eachWay(store.chunkOf(parent), store.offsetOf(parent), (moves) => {
      if (store.find(model.packed, this.packed()) !== child) return true;
      found = moves;
      return false;
    });
    if (found !== undefined) return found;
    throw new Error(`Expected a way from state ${parent} to state ${child}, but there is none.`);
  }

  /**
   * Takes every way from a stored state, each to the state that would be kept.
   *
   * @param visit told the moves, with that state at hand; returns whether to go on
   */
  eachWay(words: Int32Array, at: number, visit: (moves: readonly Move[]) => boolean): void {
    const { model } = this.#system;
    const ways = this.#ways;
    model.load(words, at);
    this.#enabled(ways);
    for (let actor = 0; actor < this.#stepper.actors; actor++) {
      for (let way = 0; way < ways[actor]!; way++) {
        const moves: Move[] = [];
        model.load(words, at);
        this.#moves = moves;
        this.#take(actor, way);
        if (this.#reduction !== undefined) this.#goOn(this.#reduction);
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
    arrivals.add(this.#system.model.packed, this.packed(), parent);
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
    const state = this.store.insert(this.#system.model.packed, this.packed());
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
