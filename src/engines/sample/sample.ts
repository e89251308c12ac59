import type { Scenario } from '../../scenarios/scenario.ts';
import { findMutant } from '../../zoo/index.ts';
import { checkOptions } from '../check-options.ts';
import { instanceOptions } from '../controlled/instance.ts';
import { overStories } from '../controlled/over-stories.ts';
import {
  type Asked,
  brokenFields,
  checkSelection,
  endedResult,
  exploredFields,
  failedResult,
} from '../controlled/result-of.ts';
import { supervise } from '../controlled/supervise.ts';
import { Board, type ControlledReport, type ControlledTask } from '../controlled/task.ts';
import { guestUrl } from '../guest-url.ts';
import type { ScenarioResult } from '../result.ts';
import { scenarioName, scenarioOf } from '../scenario-of.ts';
import type { SampleOptions } from './options.ts';
import type { Sampled } from './sample-here.ts';
import { MOST_STEPS, type Strategy } from './walk.ts';

/** What the worker of `sample` is told. */
export interface SampleTask extends ControlledTask {
  readonly runs: number;
  readonly strategy: Strategy;
  readonly seed: string;
}

const DEFAULT_SEED = 'pvrace';
const DEFAULT_RUNS = 100_000;

/**
 * Draws schedules of a small instance of a scenario, and makes the first failing one as short as it gets.
 *
 * @throws UsageError for an unknown scenario or twin, or an option that cannot be what it is
 */
export async function sample(options: SampleOptions): Promise<ScenarioResult> {
  checkOptions(options);
  const name = scenarioName(options.scenario);
  const scenario = await scenarioOf(name, options);
  const { runs = DEFAULT_RUNS } = options;
  return overStories(scenario, options, await draw(name, scenario, options), (story, stories) =>
    draw(name, scenario, { ...options, ...story, runs: Math.ceil(runs / stories) }),
  );
}

/** Draws schedules of one instance. */
async function draw(
  name: string,
  scenario: Scenario,
  options: SampleOptions,
): Promise<ScenarioResult> {
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  checkSelection(scenario, mutant, options);
  const { model = 'tso', seed = DEFAULT_SEED, signal, onProgress } = options;
  const board = Board.create();
  const task: SampleTask = {
    scenario: name,
    mutant: mutant?.id,
    guest: options.guest === undefined ? undefined : guestUrl(options.guest),
    model,
    board,
    runs: options.runs ?? DEFAULT_RUNS,
    strategy: options.strategy ?? 'blocks',
    seed,
    ...instanceOptions(options),
  };
  const report = await supervise<SampleTask, Sampled>(task, 'sample', signal, (board, elapsed) =>
    onProgress?.({
      scenario: scenario.name,
      states: board.figure(0),
      frontier: 0,
      depth: 0,
      bytes: 0,
      elapsed,
    }),
  );
  const asked = { scenario, mutant, guest: options.guest, model, seed, engine: 'sample' } as const;
  if (report.kind === 'ended') {
    const samples = new Board(board).figure(0);
    const done = `It had told of ${samples} schedules, and of nothing broken.`;
    return { ...endedResult(asked, report, done), samples };
  }
  return resultOf(asked, report);
}

function resultOf(
  asked: Asked,
  report: Exclude<ControlledReport<Sampled>, { kind: 'ended' }>,
): ScenarioResult {
  if (report.kind === 'failure') return failedResult(asked, report);
  const { result, seconds } = report;
  const { schedules, distinctSchedules, distinctStates, pctBound } = result;
  const fields = exploredFields(asked, result, seconds);
  const explored = {
    ...fields,
    samples: schedules,
    states: distinctStates,
    instance: {
      ...fields.instance,
      distinct: distinctSchedules,
      ...(pctBound === undefined ? {} : { 'pct bound': pctBound.toExponential(1) }),
    },
  };
  if (result.failure !== undefined) {
    return {
      ...explored,
      ...brokenFields(asked.scenario, result.failure, result.threads, result.trace, result.moves),
    };
  }
  if (result.interrupted) {
    return {
      ...explored,
      verdict: 'incomplete',
      message: `Interrupted after ${schedules} schedules: none of them broke anything.`,
    };
  }
  if (result.unended === schedules) {
    return {
      ...explored,
      verdict: 'incomplete',
      message: `None of ${schedules} schedules came to an end within ${MOST_STEPS} steps. Does a thread run for ever? \`pvrace verify\` can tell.`,
    };
  }
  return { ...explored, verdict: 'pass' };
}
