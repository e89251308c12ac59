import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { StateStore } from './state-store.ts';

/** States that are looked at to find out. */
const MOST_STATES = 200_000;

/** Whether any order of steps leads from a state to the end of all threads; undefined where that takes too long to tell. */
export function leadsToEnd(
  system: System,
  stepper: Stepper,
  from: Int32Array,
  most = MOST_STATES,
): boolean | undefined {
  const { model } = system;
  model.dropped = false;
  const store = new StateStore(model.packedLength);
  model.load(from, 0);
  store.insert(model.packed, model.pack());
  for (let state = 0; state < store.count; state++) {
    if (store.count > most || model.dropped) return undefined;
    const words = store.chunkOf(state);
    const at = store.offsetOf(state);
    model.load(words, at);
    if (stepper.finished) return true;
    for (let actor = 0; actor < stepper.actors; actor++) {
      model.load(words, at);
      const ways = stepper.alternatives(actor);
      for (let alternative = 0; alternative < ways; alternative++) {
        model.load(words, at);
        stepper.take(actor, alternative);
        // What breaks something there is an end of its own.
        if (stepper.violator >= 0) {
          stepper.violator = -1;
          return true;
        }
        store.insert(model.packed, model.pack());
      }
    }
  }
  return false;
}
