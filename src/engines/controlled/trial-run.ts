import type { Automaton } from './automaton.ts';
import { NotDeterministic } from './faults.ts';
import type { ThreadProgram } from './program.ts';
import type { Recorder } from './recorder.ts';
import type { Answers } from './recording.ts';
import { STEP_BEYOND, STEP_END, STEP_VIOLATION, sameStep } from './step.ts';

/**
 * Whether a program, given these answers, comes to a state of an automaton.
 *
 * @param touches told of each step which private memory was accessed before it, as a hash
 */
export function leadsTo(
  program: ThreadProgram,
  recorder: Recorder,
  answers: Answers,
  automaton: Automaton,
  state: number,
  touches?: number[],
): boolean {
  return keeping(recorder, () => {
    recorder.rewind(answers, undefined);
    recorder.touches = touches;
    try {
      const ending = program.run();
      if (ending.kind === 'end') return automaton.op[state] === STEP_END;
      if (ending.kind === 'violation') return automaton.op[state] === STEP_VIOLATION;
      if (automaton.op[state] === STEP_BEYOND) return true;
      return sameStep(recorder.pending!, automaton.steps[state]!);
    } catch (error) {
      if (isMismatch(error)) return false;
      throw error;
    } finally {
      recorder.touches = undefined;
    }
  });
}

/** Does something with a recorder for whose latest run somebody still has use. */
export function keeping<Result>(recorder: Recorder, body: () => Result): Result {
  const { pending, relaxed, outcomes, steps, scope, digest, registers } = recorder;
  const counted = [...outcomes];
  try {
    return body();
  } finally {
    recorder.restore(pending, relaxed, counted, steps, scope, digest);
    recorder.registers = registers;
  }
}

/** Whether a run took another step than was expected of it. */
function isMismatch(error: unknown): boolean {
  return (
    error instanceof NotDeterministic ||
    (error instanceof Error && (error as { code?: string }).code === 'NOT_DETERMINISTIC')
  );
}
