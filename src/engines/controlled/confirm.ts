import type { AnswerLog } from './learner.ts';
import { GuessWithdrawn } from './learner.ts';
import type { Move } from './move.ts';
import type { Stepper } from './stepper.ts';
import type { System } from './system.ts';

/**
 * Runs the programs themselves through a schedule: what the automata did, they must do too.
 *
 * @throws GuessWithdrawn where a program leaves its automaton
 */
export function confirm(system: System, stepper: Stepper, moves: readonly Move[]): void {
  const { learners, model } = system;
  const logs = learners.map((): AnswerLog => ({ steps: [], low: [], high: [], exit: [] }));
  stepper.observer = (thread, node, exit) => {
    const log = logs[thread]!;
    log.steps.push(learners[thread]!.automaton.steps[node]!);
    log.low.push(model.answerLow);
    log.high.push(model.answerHigh);
    log.exit.push(exit);
  };
  stepper.reset();
  for (const { actor, alternative } of moves) stepper.take(actor, alternative);
  stepper.observer = undefined;
  const nodes = [...model.nodes];
  for (const [thread, learner] of learners.entries()) {
    if (learner.confirms(logs[thread]!, nodes[thread]!)) continue;
    learner.withdrawAll();
    throw new GuessWithdrawn();
  }
}
