import { type Failure, failureHere } from '../controlled/failure.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { StateStore } from '../verify/state-store.ts';

/** Steps after which threads that were left to themselves count as running for ever, unless it turns out otherwise. */
const MOST_STEPS = 2_000;
/** States that are looked at to find out. */
const MOST_STATES = 200_000;

/** What became of threads that were left to themselves. */
export interface RanOn {
  readonly moves: readonly Move[];
  readonly failure?: Failure | { readonly kind: 'livelock' };
  /** They came to no end, and it is not known whether there is one. */
  readonly unended?: boolean;
}

/** Lets everybody go on in turn from the state at hand, to the end of all threads. */
export function runOn(system: System, stepper: Stepper): RanOn {
  const { model } = system;
  model.pack();
  const from = model.packed.slice();
  const moves: Move[] = [];
  for (let idle = 0; moves.length < MOST_STEPS && stepper.violator < 0; ) {
    const actor = (moves.length + idle) % stepper.actors;
    if (stepper.alternatives(actor) > 0) {
      stepper.take(actor, 0);
      moves.push({ actor, alternative: 0 });
      idle = 0;
    } else if (++idle > stepper.actors) break;
  }
  const failure = failureHere(system, stepper);
  if (failure !== undefined) return { moves, failure };
  if (stepper.finished) return { moves };
  const end = leadsToEnd(system, stepper, from);
  if (end === false) return { moves: [], failure: { kind: 'livelock' } };
  return end ? { moves } : { moves, unended: true };
}

/** Whether any order of steps leads from a state to the end of all threads; undefined where that takes too long to tell. */
function leadsToEnd(system: System, stepper: Stepper, from: Int32Array): boolean | undefined {
  const { model } = system;
  const store = new StateStore(model.packedLength);
  model.load(from, 0);
  store.insert(model.packed, model.pack());
  for (let state = 0; state < store.count; state++) {
    if (store.count > MOST_STATES) return undefined;
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
