import { type AnswerLog, newLog } from './answer-log.ts';
import { GuessWithdrawn } from './guesses.ts';
import type { Move } from './move.ts';
import { ProgramFailed } from './program.ts';
import type { Stepper } from './stepper.ts';
import type { System } from './system.ts';

/**
 * Runs the programs themselves through a schedule: what the automata did, they must do too.
 *
 * @throws GuessWithdrawn where a program leaves its automaton, ProgramFailed where nothing in it was guessed
 */
export function confirm(system: System, stepper: Stepper, moves: readonly Move[]): void {
  const { learners, model } = system;
  const logs = learners.map((): AnswerLog => newLog());
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
    if (learner.withdrawAll()) throw new GuessWithdrawn();
    throw new ProgramFailed(
      'NOT_DETERMINISTIC',
      learner.name,
      'Expected the program to come to the same end after the same results, but it came to another one. It keeps state outside its locals and the shared memory.',
    );
  }
}
