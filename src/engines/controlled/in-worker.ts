import { findMutant } from '../../zoo/index.ts';
import { GuestModuleError, loadGuest } from '../guest-module.ts';
import { withPlace } from '../place-of.ts';
import { isScenarioModule, loadScenario, ScenarioModuleError } from '../scenario-module.ts';
import { ProgramFailed } from './program.ts';
import type { SystemSpec } from './system.ts';
import { Board, type ControlledReport, type ControlledTask } from './task.ts';

/** Does what a task asks for with a scenario, on this worker, and turns what is thrown into data. */
export async function inWorker<Result>(
  task: ControlledTask,
  work: (spec: SystemSpec, board: Board) => Result,
): Promise<ControlledReport<Result>> {
  const board = new Board(task.board);
  board.pulse(true);
  try {
    const mutant = task.mutant === undefined ? undefined : findMutant(task.mutant);
    const guest = task.guest === undefined ? undefined : await loadGuest(task.guest, mutant);
    board.pulse(true);
    const spec: SystemSpec = {
      ...task,
      scenario: await loadScenario(task.scenario),
      mutant,
      guest,
      pulse: (running) => board.pulse(running),
    };
    board.pulse(false);
    const from = performance.now();
    const result = work(spec, board);
    return { kind: 'result', result, seconds: (performance.now() - from) / 1000 };
  } catch (error) {
    return failureOf(error, task);
  }
}

function failureOf(error: unknown, task: ControlledTask): ControlledReport<never> {
  if (error instanceof ProgramFailed) {
    const { code, thread, message } = error;
    return { kind: 'failure', code, thread, message };
  }
  if (error instanceof GuestModuleError) {
    return { kind: 'failure', code: 'GUEST_LOAD', thread: 'guest', message: error.message };
  }
  if (error instanceof ScenarioModuleError) {
    return { kind: 'failure', code: 'SCENARIO_LOAD', thread: 'scenario', message: error.message };
  }
  if (isScenarioModule(task.scenario) && error instanceof Error) {
    return {
      kind: 'failure',
      code: 'SCENARIO_THREW',
      thread: 'scenario',
      message: `Expected its programs to return, but one threw ${error.name}: ${withPlace(error)}.`,
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failure', code: 'HARNESS', thread: 'engine', message };
}
