import { findMutant } from '../../zoo/index.ts';
import { storyOf } from '../../zoo/stories.ts';
import { checkOptions } from '../check-options.ts';
import { type InstanceOptions, instanceOptions } from '../controlled/instance.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import type { Move } from '../controlled/move.ts';
import {
  brokenFields,
  checkSelection,
  endedResult,
  exploredFields,
  failedResult,
} from '../controlled/result-of.ts';
import type { SharedAccess } from '../controlled/sharing.ts';
import { supervise } from '../controlled/supervise.ts';
import { Board, type ControlledTask } from '../controlled/task.ts';
import { guestUrl } from '../guest-url.ts';
import type { ScenarioResult } from '../result.ts';
import { scenarioName, scenarioOf } from '../scenario-of.ts';
import type { Divergence } from './follow-loosely.ts';
import { type ExpectedStep, parseReplay } from './replay-file.ts';
import type { Replayed } from './replay-here.ts';

/** What the worker of `replay` is told. */
export interface ReplayTask extends ControlledTask {
  readonly moves: readonly Move[];
  /** Of a file: what its moves did. Without it, moves that cannot be made are left out. */
  readonly expected: readonly (ExpectedStep | undefined)[] | undefined;
  readonly shared?: readonly SharedAccess[] | undefined;
}

/** A schedule of one's own, and what it is a schedule of. */
export interface ReplayOptions extends InstanceOptions {
  /** Name of a scenario, or URL of an ES module that exports one as its default. */
  readonly scenario: string | URL;
  readonly mutant?: string;
  readonly guest?: string | URL;
  /** By default `tso`, which is x86. */
  readonly model?: ModelName;
  /** Moves that cannot be made are left out. */
  readonly moves: readonly Move[];
  readonly signal?: AbortSignal;
}

/**
 * Follows the schedule of a replay file, step by step. `fail` where it breaks what it broke, `pass`
 * where it breaks nothing any more, `incomplete` where the program has changed and nothing was broken.
 * Or follows a schedule of one's own: `pass` where it breaks nothing.
 *
 * @param what the text of a file, or a schedule
 * @throws UsageError for a file that is none, or a scenario that there is not
 */
export async function replay(
  what: string | ReplayOptions,
  signal?: AbortSignal,
): Promise<ScenarioResult> {
  if (typeof what !== 'string') {
    checkOptions(what);
    return follow(what, { expected: undefined }, undefined);
  }
  const { expected, notes: _, story, shared, ...file } = parseReplay(what);
  const options = {
    ...file,
    ...(story === undefined ? {} : storyOf(story)),
    ...(signal === undefined ? {} : { signal }),
  };
  return follow(options, { expected, shared }, file.invariant);
}

/** @param invariant that a file is of */
async function follow(
  options: ReplayOptions,
  schedule: Pick<ReplayTask, 'expected' | 'shared'>,
  invariant: string | undefined,
): Promise<ScenarioResult> {
  const { model = 'tso', moves, guest, signal } = options;
  const name = scenarioName(options.scenario);
  const scenario = await scenarioOf(name, options);
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  checkSelection(scenario, mutant, options);
  const task: ReplayTask = {
    scenario: name,
    mutant: mutant?.id,
    guest: guest === undefined ? undefined : guestUrl(guest),
    model,
    board: Board.create(),
    moves,
    ...schedule,
    ...instanceOptions(options),
  };
  const asked = { scenario, mutant, guest, model, seed: '', engine: 'replay' } as const;
  const report = await supervise<ReplayTask, Replayed>(task, 'replay', signal, () => {});
  if (report.kind === 'failure') return failedResult(asked, report);
  if (report.kind === 'ended') return endedResult(asked, report, 'The schedule was not followed.');
  const { result, seconds } = report;
  // Outcomes of one schedule are no statistics.
  const fields = { ...exploredFields(asked, result, seconds), outcomes: [] };
  const left = result.divergence === undefined ? '' : ` ${divergedInWords(result.divergence)}`;
  if (result.failure !== undefined) {
    const { failure, threads, trace, moves: made } = result;
    const broken = brokenFields(scenario, failure, threads, trace, made);
    const other =
      invariant === undefined || broken.invariant === invariant
        ? ''
        : ` The file is of ${invariant}.`;
    return { ...fields, ...broken, message: broken.message + other + left };
  }
  if (result.divergence === undefined && !result.unended) return { ...fields, verdict: 'pass' };
  return { ...fields, verdict: 'incomplete', message: nothingBroken(moves, result) + left };
}

function nothingBroken(moves: readonly Move[], { taken, unended }: Replayed): string {
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
