import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import type { Exploration } from './explore.ts';

/**
 * A state from which no interleaving leads to the end of all threads, or −1 where there is none: the
 * first that was found. Threads that reach it run for ever.
 *
 * Most states are known to lead to the end by the tree in which they were found; only the others have
 * their successors looked at again.
 */
export function livelock(system: System, stepper: Stepper, exploration: Exploration): number {
  const { store } = exploration;
  const { model } = system;
  const ends = new Uint8Array(store.count);
  for (let state = store.count - 1; state >= 0; state--) {
    if (ends[state] === 0) {
      model.load(store.chunkOf(state), store.offsetOf(state));
      if (!stepper.finished) continue;
    }
    mark(exploration, ends, state);
  }
  for (;;) {
    let found = false;
    let first = -1;
    for (let state = store.count - 1; state >= 0; state--) {
      if (ends[state] === 1) continue;
      if (leadsToEnd(system, stepper, exploration, ends, state)) {
        mark(exploration, ends, state);
        found = true;
      } else first = state;
    }
    if (!found || first < 0) return first;
  }
}

/** Marks a state and all on the way to it. */
function mark(exploration: Exploration, ends: Uint8Array, from: number): void {
  for (let state = from; state >= 0 && ends[state] === 0; state = exploration.parentOf(state)) {
    ends[state] = 1;
  }
}

function leadsToEnd(
  system: System,
  stepper: Stepper,
  exploration: Exploration,
  ends: Uint8Array,
  state: number,
): boolean {
  const { model } = system;
  const { store } = exploration;
  const words = store.chunkOf(state);
  const at = store.offsetOf(state);
  for (let actor = 0; actor < stepper.actors; actor++) {
    model.load(words, at);
    const alternatives = stepper.alternatives(actor);
    for (let alternative = 0; alternative < alternatives; alternative++) {
      model.load(words, at);
      stepper.take(actor, alternative);
      const reached = store.find(model.packed, exploration.packed());
      if (reached >= 0 && ends[reached] === 1) return true;
    }
  }
  return false;
}
