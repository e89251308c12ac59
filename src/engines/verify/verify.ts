import type { Scenario } from '../../scenarios/scenario.ts';
import { findMutant } from '../../zoo/index.ts';
import { checkOptions } from '../check-options.ts';
import { instanceOptions } from '../controlled/instance.ts';
import { MOST_STEPS_OF_OPERATION } from '../controlled/learner.ts';
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
import { whyNotVisible } from '../not-visible.ts';
import type { ScenarioResult } from '../result.ts';
import { scenarioName, scenarioOf } from '../scenario-of.ts';
import type { VerifyOptions } from './options.ts';
import type { Verified } from './verify-here.ts';

/** What the worker of `verify` is told. */
export interface VerifyTask extends ControlledTask {
  readonly maxStates: number;
  readonly maxBytes: number;
}

const DEFAULT_SEED = 'pvrace';
const DEFAULT_MAX_STATES = 20_000_000;
/** An instance besides the scenario's own that takes more says nothing. */
const MOST_STATES_OF_STORY = 1_000_000;
const DEFAULT_MAX_BYTES = 4 * 2 ** 30;

/**
 * Explores every interleaving of a small instance of a scenario under a memory model.
 *
 * @throws UsageError for an unknown scenario or twin, or an option that cannot be what it is
 */
export async function verify(options: VerifyOptions): Promise<ScenarioResult> {
  checkOptions(options);
  const name = scenarioName(options.scenario);
  const scenario = await scenarioOf(name, options);
  const { maxStates = DEFAULT_MAX_STATES } = options;
  const few = Math.min(maxStates, MOST_STATES_OF_STORY);
  return overStories(scenario, options, await explore(name, scenario, options), (story) =>
    explore(name, scenario, { ...options, ...story, maxStates: few }),
  );
}

/** Explores one instance. */
async function explore(
  name: string,
  scenario: Scenario,
  options: VerifyOptions,
): Promise<ScenarioResult> {
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  checkSelection(scenario, mutant, options);
  const { model = 'tso', signal, onProgress } = options;
  const board = Board.create();
  const task: VerifyTask = {
    scenario: name,
    mutant: mutant?.id,
    guest: options.guest === undefined ? undefined : guestUrl(options.guest),
    model,
    without: options.without,
    board,
    maxStates: options.maxStates ?? DEFAULT_MAX_STATES,
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    ...instanceOptions(options),
  };
  const report = await supervise<VerifyTask, Verified>(task, 'verify', signal, (board, elapsed) =>
    onProgress?.({
      scenario: scenario.name,
      states: board.figure(0),
      transitions: board.figure(1),
      frontier: board.figure(2),
      depth: board.figure(3),
      bytes: board.figure(4),
      elapsed,
    }),
  );
  const asked = {
    scenario,
    mutant,
    guest: options.guest,
    model,
    seed: options.seed ?? DEFAULT_SEED,
    engine: 'verify',
  } as const;
  if (report.kind === 'ended') {
    const [states, transitions] = [0, 1].map((at) => new Board(board).figure(at));
    const done = `It had told of ${states} states, and of nothing broken.`;
    return { ...endedResult(asked, report, done), states: states!, transitions: transitions! };
  }
  return resultOf(asked, options, report);
}

function resultOf(
  asked: Asked,
  options: VerifyOptions,
  report: Exclude<ControlledReport<Verified>, { kind: 'ended' }>,
): ScenarioResult {
  if (report.kind === 'failure') return failedResult(asked, report);
  const { result, seconds } = report;
  const { states, transitions, kind } = result;
  const explored = { ...exploredFields(asked, result, seconds), states, transitions };
  if (kind === 'all') return { ...explored, verdict: 'pass', ...twinInWords(asked) };
  if (kind === 'stopped') {
    return { ...explored, verdict: 'incomplete', message: stoppedInWords(result, options) };
  }
  return {
    ...explored,
    ...brokenFields(asked.scenario, result.failure!, result.threads, result.trace, result.moves),
  };
}

/** A twin that broke nothing: why it cannot under this model, if that is known of it. */
function twinInWords({ mutant, model }: Asked): { readonly message?: string } {
  const why = mutant === undefined ? undefined : whyNotVisible(mutant, model);
  return why === undefined
    ? {}
    : { message: `${mutant!.id} is not visible under ${model}. ${why}` };
}

function stoppedInWords({ why, states }: Verified, { maxStates }: VerifyOptions): string {
  if (why === 'interrupted')
    return `Interrupted after ${states} states: none of them broke anything.`;
  const bounds = {
    endless: `an operation takes more than ${MOST_STEPS_OF_OPERATION} steps, so its loops may leave something behind each time round`,
    memory: 'the memory for states was used up',
    'max-states': `--max-states ${maxStates ?? DEFAULT_MAX_STATES} was reached`,
  };
  const bound = bounds[why ?? 'max-states'];
  return `Not all states were reached: ${bound}. None of the ${states} states reached broke anything.`;
}
