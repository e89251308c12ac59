import { NONE } from '../controlled/automaton.ts';
import { exchange } from '../controlled/models/exchange.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import type { Reduction } from './reduction.ts';
import { StateStore } from './state-store.ts';

/** How an exploration ended. */
export type Explored =
  | { readonly kind: 'all' }
  | { readonly kind: 'violation'; readonly path: readonly Move[]; readonly thread: number }
  | { readonly kind: 'stuck'; readonly path: readonly Move[] }
  | {
      readonly kind: 'stopped';
      readonly why: 'max-states' | 'memory' | 'interrupted' | 'incomplete';
    };

/** What an exploration may cost, and whom it tells. */
export interface ExploreLimits {
  readonly maxStates: number;
  readonly maxBytes: number;
  /** Which threads' steps suffice; without it, all. */
  readonly reduction?: Reduction | undefined;
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

const ALTERNATIVE_BITS = 8;
const STATES_PER_LOOK = 4096;

/** Breadth-first exploration of all interleavings of a system: the first way to a state is a shortest. */
export class Exploration {
  readonly store = new StateStore();
  readonly #system: System;
  readonly #stepper: Stepper;
  #parent = new Int32Array(1 << 10);
  #move = new Int32Array(1 << 10);
  /** Ways that each actor has in the state that is being left. */
  readonly #alternatives: Int32Array;
  #countBefore = 0;
  #reached = 0;
  transitions = 0;
  depth = 0;
  /** How often each outcome was seen, by its place in the scenario's table. */
  readonly outcomes: Float64Array;

  constructor(system: System, stepper: Stepper, outcomes: number) {
    this.#system = system;
    this.#stepper = stepper;
    this.outcomes = new Float64Array(outcomes);
    this.#alternatives = new Int32Array(stepper.actors);
  }

  get bytes(): number {
    return this.store.bytes + this.#parent.length * 8;
  }

  run(limits: ExploreLimits): Explored {
    const stepper = this.#stepper;
    const { store } = this;
    const { model } = this.#system;
    const { reduction } = limits;
    stepper.reset();
    this.#insert(NONE, 0);
    if (stepper.violator !== NONE) return this.#violation(0);
    let layerEnd = store.count;
    for (let state = 0; state < store.count; state++) {
      if (state === layerEnd) {
        this.depth++;
        layerEnd = store.count;
      }
      if ((state & (STATES_PER_LOOK - 1)) === STATES_PER_LOOK - 1) {
        const why = this.#overLimits(limits, state);
        if (why !== undefined) return { kind: 'stopped', why };
      }
      const words = store.chunkOf(state);
      const at = store.offsetOf(state);
      model.load(words, at);
      const enabled = this.#enabled();
      let chosen = enabled;
      if (reduction !== undefined) chosen = reduction.suffice(enabled);
      let moves = this.#expand(state, words, at, chosen);
      // Steps that only lead to where one has been may put the others off for ever.
      if (chosen !== enabled && store.count === this.#countBefore && stepper.violator === NONE) {
        moves += this.#expand(state, words, at, enabled & ~chosen);
      }
      if (stepper.violator !== NONE) return this.#violation(this.#reached);
      this.transitions += moves;
      if (moves === 0) {
        model.load(words, at);
        if (!stepper.finished) return { kind: 'stuck', path: this.pathTo(state) };
      }
      if (
        limits.patience !== undefined &&
        store.count > limits.patience &&
        reduction?.isComplete === false
      ) {
        return { kind: 'stopped', why: 'incomplete' };
      }
      if (store.count > limits.maxStates) return { kind: 'stopped', why: 'max-states' };
    }
    return { kind: 'all' };
  }

  /** Which threads can take a step, the clock behind them. */
  #enabled(): number {
    const stepper = this.#stepper;
    const threads = this.#system.learners.length;
    let enabled = 0;
    for (let actor = 0; actor < stepper.actors; actor++) {
      const alternatives = stepper.alternatives(actor);
      this.#alternatives[actor] = alternatives;
      if (alternatives === 0) continue;
      // A store buffer drains on behalf of its thread.
      enabled |= 1 << (actor <= threads ? actor : actor - threads - 1);
    }
    return enabled;
  }

  /** Takes every step of these threads from a state. Returns how many there were. */
  #expand(state: number, words: Int32Array, at: number, chosen: number): number {
    const stepper = this.#stepper;
    const { model, learners } = this.#system;
    const threads = learners.length;
    this.#countBefore = this.store.count;
    let moves = 0;
    for (let actor = 0; actor < stepper.actors; actor++) {
      if ((chosen & (1 << (actor <= threads ? actor : actor - threads - 1))) === 0) continue;
      const alternatives = this.#alternatives[actor]!;
      for (let alternative = 0; alternative < alternatives; alternative++) {
        model.load(words, at);
        moves++;
        stepper.take(actor, alternative);
        this.#reached = this.#insert(state, (actor << ALTERNATIVE_BITS) | alternative);
        if (stepper.violator !== NONE) return moves;
      }
    }
    return moves;
  }

  /** The state that another one was first reached from, or −1 for the first. */
  parentOf(state: number): number {
    return this.#parent[state]!;
  }

  /** The moves that lead to a state, each by the thread whose it is. */
  pathTo(state: number): Move[] {
    const moves: Move[] = [];
    for (let at = state; this.#parent[at] !== NONE; at = this.#parent[at]!) {
      const move = this.#move[at]!;
      moves.push({ actor: move >> ALTERNATIVE_BITS, alternative: move & 0xff });
    }
    moves.reverse();
    return this.#system.alike.length === 0 ? moves : this.#inTheirPlaces(moves);
  }

  /** Undoes that threads that are alike have changed places: walks the moves, and follows who is where. */
  #inTheirPlaces(moves: readonly Move[]): Move[] {
    const stepper = this.#stepper;
    const { learners } = this.#system;
    const threads = learners.length;
    const who = learners.map((_, thread) => thread);
    stepper.reset();
    this.#sort(who);
    return moves.map(({ actor, alternative }) => {
      // Behind the threads are the clock and, one for each thread, the store buffers.
      const thread = actor < threads ? actor : actor - threads - 1;
      const real = thread < 0 ? -1 : who[thread]!;
      stepper.take(actor, alternative);
      this.#sort(who);
      if (actor < threads) return { actor: real, alternative };
      return { actor: actor === threads ? actor : threads + 1 + real, alternative };
    });
  }

  /** Brings threads that are alike into order, in the state at hand: which is which makes no difference. */
  #sort(who?: number[]): void {
    const { alike, model } = this.#system;
    for (let group = 0; group < alike.length; group++) {
      const threads = alike[group]!;
      for (let from = 1; from < threads.length; from++) {
        for (let at = from; at > 0; at--) {
          const left = threads[at - 1]!;
          const right = threads[at]!;
          if (model.compare(left, right) <= 0) break;
          model.swap(left, right);
          if (who !== undefined) exchange(who, left, right);
        }
      }
    }
  }

  /** The state at hand, in the form in which it is stored: words of the model's {@link MemoryModel.packed}. */
  packed(): number {
    this.#sort();
    return this.#system.model.pack();
  }

  #violation(state: number): Explored {
    return { kind: 'violation', path: this.pathTo(state), thread: this.#stepper.violator };
  }

  #overLimits(limits: ExploreLimits, done: number): 'memory' | 'interrupted' | undefined {
    if (this.bytes > limits.maxBytes) return 'memory';
    const goOn = limits.onProgress?.({
      states: this.store.count,
      transitions: this.transitions,
      frontier: this.store.count - done,
      depth: this.depth,
      bytes: this.bytes,
    });
    return goOn === false ? 'interrupted' : undefined;
  }

  #insert(parent: number, move: number): number {
    const { model } = this.#system;
    const state = this.store.insert(model.packed, this.packed());
    if (state < 0) return -1 - state;
    if (state === this.#parent.length) this.#widen();
    this.#parent[state] = parent;
    this.#move[state] = move;
    const { counted, countedLength } = this.#stepper;
    for (let at = 0; at < countedLength; at++) this.outcomes[counted[at]!]!++;
    return state;
  }

  #widen(): void {
    const parent = new Int32Array(this.#parent.length * 2);
    parent.set(this.#parent);
    this.#parent = parent;
    const move = new Int32Array(this.#move.length * 2);
    move.set(this.#move);
    this.#move = move;
  }
}
