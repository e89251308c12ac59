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
    const parents = new Map<number, number>([[from, -1]]);
    const pending = [from];
    known[from] = SEEN;
    for (let looks = 1; pending.length > 0; looks++) {
      if (looks % STATES_PER_LOOK === 0 && !this.#goesOn()) {
        this.givenUp = true;
        return false;
      }
      const state = pending.pop()!;
      const successors = this.#successors(state);
      if (successors === undefined || successors.some((next) => known[next] === ENDS)) {
        for (let at = state; at >= 0; at = parents.get(at)!) known[at] = ENDS;
        for (const seen of parents.keys()) if (known[seen] === SEEN) known[seen] = UNKNOWN;
        return true;
      }
      for (const next of successors.sort((a, b) => a - b)) {
        if (known[next] !== UNKNOWN) continue;
        known[next] = SEEN;
        parents.set(next, state);
        pending.push(next);
      }
    }
    return false;
  }

  /** The states that a state leads to, of those that were kept; undefined if all threads are at their ends. */
  #successors(state: number): number[] | undefined {
    const { model } = this.#system;
    const stepper = this.#stepper;
    const { store, ways } = this.#exploration;
    const words = store.chunkOf(state);
    const at = store.offsetOf(state);
    model.load(words, at);
    if (stepper.finished) return undefined;
    const reached: number[] = [];
    let ends = false;
    ways.each(words, at, () => {
      if (ways.endsUnchecked()) ends = true;
      const next = store.find(model.packed, ways.packed());
      if (next >= 0) reached.push(next);
      return true;
    });
    return ends ? undefined : reached;
  }
}
