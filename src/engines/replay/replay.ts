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
import type { Divergence } from './follow-loosely.ts';
import { type ExpectedStep, parseReplay, type Replay } from './replay-file.ts';
import type { Replayed } from './replay-here.ts';

/** What the worker of `replay` is told. */
export interface ReplayTask extends ControlledTask {
  readonly moves: readonly Move[];
  readonly expected: readonly (ExpectedStep | undefined)[];
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
    expected: file.expected,
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
  // Outcomes of one schedule are no statistics.
  const fields = { ...exploredFields(asked, result, seconds), outcomes: [] };
  const left = result.divergence === undefined ? '' : ` ${divergedInWords(result.divergence)}`;
  if (result.failure !== undefined) {
    const { failure, threads, trace, moves } = result;
    const broken = brokenFields(scenario, failure, threads, trace, moves);
    const other = broken.invariant === file.invariant ? '' : ` The file is of ${file.invariant}.`;
    return { ...fields, ...broken, message: broken.message + other + left };
  }
  if (result.divergence === undefined && !result.unended) return { ...fields, verdict: 'pass' };
  return { ...fields, verdict: 'incomplete', message: nothingBroken(file, result) + left };
}

function nothingBroken({ moves }: Replay, { taken, unended }: Replayed): string {
  if (taken < moves.length) {
    return `The program has changed too much: the schedule was given up at step ${taken + 1} of ${moves.length}, and nothing was broken until there.`;
  }
  return unended
    ? 'The schedule broke nothing, and its threads, left to themselves, came to no end.'
    : `The program has changed: it was led through the ${moves.length} steps of the schedule as far as it has them, and nothing was broken.`;
}

/** Where a program first left its schedule, in words. */
function divergedInWords({ at, actor, expected, came }: Divergence): string {
  const got = came === undefined ? 'it could take no step' : `it took ${stepInWords(came)}`;
  return `It took another way at step ${at + 1}: ${stepInWords(expected)} of ${actor} was expected, but ${got}.`;
}

function stepInWords({ action, place }: ExpectedStep): string {
  return place === undefined ? action : `${action} ${place}`;
}
