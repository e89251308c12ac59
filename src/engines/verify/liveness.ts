import { NONE } from '../controlled/automaton.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import type { Exploration } from './explore.ts';

const UNKNOWN = 0;
const ENDS = 1;
const SEEN = 2;

/**
 * A state from which no interleaving leads to the end of all threads, or −1 where there is none: threads
 * that reach it run for ever.
 *
 * Whoever goes from state to later state comes to an end, or to a state that leads to none behind it. So
 * only from these is an end looked for.
 *
 * @param goesOn asked now and then; false ends the search
 */
export function livelock(
  system: System,
  stepper: Stepper,
  exploration: Exploration,
  goesOn: () => boolean,
): number | 'interrupted' {
  const known = new Uint8Array(exploration.store.count);
  const search = new Search(system, stepper, exploration, known, goesOn);
  for (let at = exploration.turning.length - 1; at >= 0; at--) {
    const state = exploration.turning[at]!;
    if (known[state] !== ENDS && !search.leadsToEnd(state))
      return search.givenUp ? 'interrupted' : state;
  }
  return -1;
}

const STATES_PER_LOOK = 1024;

class Search {
  readonly #system: System;
  readonly #stepper: Stepper;
  readonly #exploration: Exploration;
  /** Of each state, whether an end is known to be reached from it, or that this search was there. */
  readonly #known: Uint8Array;
  readonly #goesOn: () => boolean;
  /** States that this search was at, the place of each one's predecessor among them, and places to go on from. */
  readonly #seen: number[] = [];
  readonly #via: number[] = [];
  readonly #pending: number[] = [];
  /** States that one leads to, and how many. */
  #reached = new Int32Array(16);
  #reachedCount = 0;
  givenUp = false;

  constructor(
    system: System,
    stepper: Stepper,
    exploration: Exploration,
    known: Uint8Array,
    goesOn: () => boolean,
  ) {
    this.#system = system;
    this.#stepper = stepper;
    this.#exploration = exploration;
    this.#known = known;
    this.#goesOn = goesOn;
  }

  /** Depth first, latest states first: most often one goes straight on to an end. */
  leadsToEnd(from: number): boolean {
    const known = this.#known;
    const seen = this.#seen;
    const via = this.#via;
    const pending = this.#pending;
    seen.length = via.length = pending.length = 0;
    this.#note(from, NONE);
    for (let looks = 1; pending.length > 0; looks++) {
      if (looks % STATES_PER_LOOK === 0 && !this.#goesOn()) {
        this.givenUp = true;
        return false;
      }
      const place = pending.pop()!;
      if (this.#ends(seen[place]!)) {
        for (let at = place; at !== NONE; at = via[at]!) known[seen[at]!] = ENDS;
        for (const state of seen) if (known[state] === SEEN) known[state] = UNKNOWN;
        return true;
      }
      for (let at = 0; at < this.#reachedCount; at++) {
        if (known[this.#reached[at]!] === UNKNOWN) this.#note(this.#reached[at]!, place);
      }
    }
    return false;
  }

  #note(state: number, via: number): void {
    this.#known[state] = SEEN;
    this.#pending.push(this.#seen.length);
    this.#seen.push(state);
    this.#via.push(via);
  }

  /**
   * Whether a state is an end, or one step away from a state that leads to one. If not, leaves the states
   * that it leads to, of those that were kept, in ascending order.
   */
  #ends(state: number): boolean {
    const { model } = this.#system;
    const { store, ways } = this.#exploration;
    const words = store.chunkOf(state);
    const from = store.offsetOf(state);
    this.#reachedCount = 0;
    model.load(words, from);
    if (this.#stepper.finished) return true;
    ways.enabled();
    for (let actor = 0; actor < ways.counts.length; actor++) {
      const count = ways.counts[actor]!;
      for (let way = 0; way < count; way++) {
        model.load(words, from);
        ways.follow(actor, way);
        if (ways.endsUnchecked()) return true;
        const next = store.find(model.packed, ways.packed());
        if (next < 0) continue;
        if (this.#known[next] === ENDS) return true;
        this.#insert(next);
      }
    }
    return false;
  }

  #insert(state: number): void {
    if (this.#reachedCount === this.#reached.length) {
      const wider = new Int32Array(this.#reachedCount * 2);
      wider.set(this.#reached);
      this.#reached = wider;
    }
    let at = this.#reachedCount++;
    for (; at > 0 && this.#reached[at - 1]! > state; at--)
      this.#reached[at] = this.#reached[at - 1]!;
    this.#reached[at] = state;
  }
}
