import { type Failure, failureHere } from '../controlled/failure.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { leadsToEnd } from '../verify/leads-to-end.ts';

/** Steps after which threads that were left to themselves count as running for ever, unless it turns out otherwise. */
const MOST_STEPS = 2_000;

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
