import type { TraceStep } from '../trace.ts';
import type { Move } from './move.ts';
import type { Stepper } from './stepper.ts';
import type { System } from './system.ts';
import { traceOf } from './trace.ts';

/** Steps that are taken to find a loop at the most. */
const MOST_STEPS = 2_000;

/**
 * The way to a state that leads to no end, and behind it the steps that go on for ever: everybody takes
 * steps in turn until the machine has been there before. The steps of that loop are marked.
 */
export function lassoOf(
  system: System,
  stepper: Stepper,
  stem: readonly Move[],
): { readonly moves: readonly Move[]; readonly trace: readonly TraceStep[] } {
  stepper.reset();
  for (const { actor, alternative } of stem) stepper.take(actor, alternative);
  const { moves, from } = loopFrom(system, stepper);
  const all = [...stem, ...moves];
  const trace = traceOf(system, stepper, all);
  return {
    moves: all,
    trace: trace.map((step, at) => (at < stem.length + from ? step : { ...step, repeats: true })),
  };
}

/** Steps from the state at hand, of which those from `from` on repeat; none where no loop is found. */
function loopFrom(
  { model }: System,
  stepper: Stepper,
): { readonly moves: readonly Move[]; readonly from: number } {
  const seen = new Map<string, number>();
  const moves: Move[] = [];
  let turn = 0;
  while (moves.length < MOST_STEPS) {
    const state = `${turn} ${model.packed.subarray(0, model.pack()).join(' ')}`;
    const from = seen.get(state);
    if (from !== undefined) return { moves, from };
    seen.set(state, moves.length);
    const ready = firstReady(stepper, turn);
    if (ready < 0) break;
    stepper.take(ready, 0);
    moves.push({ actor: ready, alternative: 0 });
    turn = (ready + 1) % stepper.actors;
  }
  return { moves: [], from: 0 };
}

/** Who can take a step, from a turn on; −1 where nobody can. */
function firstReady(stepper: Stepper, turn: number): number {
  for (let behind = 0; behind < stepper.actors; behind++) {
    const actor = (turn + behind) % stepper.actors;
    if (stepper.alternatives(actor) > 0) return actor;
  }
  return -1;
}
