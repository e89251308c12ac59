import type { InvariantId } from '../../scenarios/invariants.ts';
import type { Move } from './move.ts';
import { STEP_END, STEP_WAIT } from './step.ts';
import type { Stepper } from './stepper.ts';
import type { System } from './system.ts';

/** What a schedule leads to: an invariant that a checker found broken, or threads that wait for ever. */
export type Failure =
  | {
      readonly kind: 'violation';
      readonly thread: number;
      readonly invariant: InvariantId;
      readonly message: string;
      readonly evidence: readonly string[];
    }
  | { readonly kind: 'stuck'; readonly sleeping: boolean; readonly waiting: readonly number[] };

/** Follows a schedule from the first state, as far as it can; says what it led to and how far it came. */
export function follow(
  system: System,
  stepper: Stepper,
  moves: readonly Move[],
): { readonly failure: Failure | undefined; readonly taken: number } {
  stepper.reset();
  let taken = 0;
  while (taken < moves.length && stepper.violator < 0) {
    const { actor, alternative } = moves[taken]!;
    if (alternative >= stepper.alternatives(actor)) break;
    stepper.take(actor, alternative);
    taken++;
  }
  return { failure: failureHere(system, stepper), taken };
}

/** What is wrong with the state at hand, if anything. */
export function failureHere(system: System, stepper: Stepper): Failure | undefined {
  const { learners, model } = system;
  const thread = stepper.violator;
  if (thread >= 0) {
    const { invariant, message, evidence } = learners[thread]!.violation(model.nodes[thread]!);
    return { kind: 'violation', thread, invariant, message, evidence };
  }
  for (let actor = 0; actor < stepper.actors; actor++) {
    if (stepper.alternatives(actor) > 0) return undefined;
  }
  if (stepper.finished || stepper.leftOff) return undefined;
  const ops = learners.map(({ automaton }, index) => automaton.op[model.nodes[index]!]);
  const waiting = ops.flatMap((op, index) => (op === STEP_END ? [] : [index]));
  return { kind: 'stuck', sleeping: ops.includes(STEP_WAIT), waiting };
}

/** Whether two failures are the same to whoever looks for the shortest way to one. */
export function sameFailure(a: Failure | undefined, b: Failure): boolean {
  if (a?.kind !== b.kind) return false;
  if (a.kind === 'stuck' || b.kind === 'stuck') return true;
  return a.invariant === b.invariant;
}
