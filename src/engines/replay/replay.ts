import { findMutant } from '../../zoo/index.ts';
import type { Move } from '../controlled/move.ts';
import {
  brokenFields,
  checkSelection,
  endedResult,
  exploredFields,
  failedResult,
} from '../controlled/result-of.ts';
import { supervise } from '../controlled/supervise.ts';
import { Board, type ControlledTask } from '../controlled/task.ts';
import { guestUrl } from '../guest-url.ts';
import type { ScenarioResult } from '../result.ts';
import { scenarioOf } from '../scenario-of.ts';
import { parseReplay } from './replay-file.ts';
import type { Replayed } from './replay-here.ts';

/** What the worker of `replay` is told. */
export interface ReplayTask extends ControlledTask {
  readonly moves: readonly Move[];
}

/**
 * Follows the schedule of a replay file, step by step. `fail` where it breaks what it broke, `pass`
 * where it breaks nothing any more, `incomplete` where the program has changed too much to follow it.
 *
 * @param text of the file
 * @throws UsageError for a file that is none, or is of a scenario that there is not
 */
export async function replay(text: string, signal?: AbortSignal): Promise<ScenarioResult> {
  const file = parseReplay(text);
  const scenario = await scenarioOf(file.scenario, file);
  const mutant = file.mutant === undefined ? undefined : findMutant(file.mutant);
  checkSelection(scenario, mutant, file.vcpus);
  const task: ReplayTask = {
    scenario: file.scenario,
    mutant: mutant?.id,
    guest: file.guest === undefined ? undefined : guestUrl(file.guest),
    model: file.model,
    board: Board.create(),
    moves: file.moves,
    ...(file.vcpus === undefined ? {} : { vcpus: file.vcpus }),
    ...(file.steps === undefined ? {} : { steps: file.steps }),
  };
  const asked = {
    scenario,
    mutant,
    guest: file.guest,
    model: file.model,
    seed: '',
    engine: 'replay',
  } as const;
  const report = await supervise<ReplayTask, Replayed>(task, 'replay', signal, () => {});
  if (report.kind === 'failure') return failedResult(asked, report);
  if (report.kind === 'ended') return endedResult(asked, report, 'The schedule was not followed.');
  const { result, seconds } = report;
  const fields = exploredFields(asked, result, seconds);
  if (result.failure !== undefined) {
    return {
      ...fields,
      ...brokenFields(scenario, result.failure, result.threads, result.trace, result.moves),
    };
  }
  if (result.taken === file.moves.length) return { ...fields, verdict: 'pass' };
  const note = file.notes[result.taken];
  return {
    ...fields,
    verdict: 'incomplete',
    message: `The schedule could be followed for ${result.taken} of ${file.moves.length} steps; then the program took another way${note ? ` (the file has: ${note})` : ''}. Nothing was broken until there.`,
  };
}
