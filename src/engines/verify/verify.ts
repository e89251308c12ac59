import { findScenario } from '../../scenarios/index.ts';
import { invariantSentence } from '../../scenarios/invariants.ts';
import type { Mutant, Scenario } from '../../scenarios/scenario.ts';
import { findMutant } from '../../zoo/index.ts';
import { supervise } from '../controlled/supervise.ts';
import { Board, type ControlledReport, type ControlledTask } from '../controlled/task.ts';
import { waitingInvariant, waitingInWords } from '../controlled/waiting.ts';
import { guestUrl } from '../guest-url.ts';
import type { ScenarioResult } from '../result.ts';
import { UsageError } from '../usage-error.ts';
import type { VerifyOptions } from './options.ts';
import type { Verified } from './verify-here.ts';

/** What the worker of `verify` is told. */
export interface VerifyTask extends ControlledTask {
  readonly maxStates: number;
  readonly maxBytes: number;
}

const DEFAULT_SEED = 'pvrace';
const DEFAULT_MAX_STATES = 20_000_000;
const DEFAULT_MAX_BYTES = 4 * 2 ** 30;

/**
 * Explores every interleaving of a small instance of a scenario under a memory model.
 *
 * @throws UsageError for an unknown scenario or twin, or a number of vCPUs that the scenario cannot have
 */
export async function verify(options: VerifyOptions): Promise<ScenarioResult> {
  const scenario = findScenario(options.scenario);
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  checkSelection(scenario, mutant, options.vcpus);
  const { model = 'tso', signal, onProgress } = options;
  const task: VerifyTask = {
    scenario: scenario.name,
    mutant: mutant?.id,
    guest: options.guest === undefined ? undefined : guestUrl(options.guest),
    model,
    board: Board.create(),
    maxStates: options.maxStates ?? DEFAULT_MAX_STATES,
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    ...(options.vcpus === undefined ? {} : { vcpus: options.vcpus }),
    ...(options.machine === undefined ? {} : { machine: options.machine }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    ...(options.clockSteps === undefined ? {} : { clockSteps: options.clockSteps }),
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
  return resultOf(scenario, mutant, options, report);
}

/** @throws UsageError where a twin, a scenario and a number of vCPUs do not go together */
export function checkSelection(
  scenario: Scenario,
  mutant: Mutant | undefined,
  vcpus: number | undefined,
): void {
  if (mutant !== undefined && mutant.scenario !== scenario.name) {
    throw new UsageError(
      `Expected the scenario of ${mutant.id}, which is ${mutant.scenario}, got ${scenario.name}. Run it with ${mutant.scenario}.`,
    );
  }
  const { least, most } = scenario.vcpus;
  if (vcpus !== undefined && (!Number.isInteger(vcpus) || vcpus < least || vcpus > most)) {
    throw new UsageError(`Expected ${least} to ${most} vCPUs for ${scenario.name}, got ${vcpus}.`);
  }
}

function resultOf(
  scenario: Scenario,
  mutant: Mutant | undefined,
  options: VerifyOptions,
  report: ControlledReport<Verified>,
): ScenarioResult {
  const { model = 'tso' } = options;
  const common = {
    scenario: scenario.name,
    ...(mutant === undefined ? {} : { mutant: mutant.id }),
    ...(options.guest === undefined ? {} : { guest: String(options.guest) }),
    engine: 'verify' as const,
    model,
    seed: options.seed ?? DEFAULT_SEED,
  };
  if (report.kind === 'failure') {
    const { code, thread, message } = report;
    const nothing = { seconds: 0, instance: {}, assumptions: [], outcomes: [] };
    return { ...common, ...nothing, verdict: 'error', code, message: `${thread}: ${message}` };
  }
  const { result, seconds } = report;
  const explored = {
    ...common,
    seconds,
    instance: result.instance,
    assumptions: result.assumptions,
    states: result.states,
    transitions: result.transitions,
    outcomes: scenario.outcomes.map((outcome, index) => ({
      ...outcome,
      count: result.outcomes[index]!,
    })),
  };
  if (result.kind === 'all') return { ...explored, verdict: 'pass' };
  if (result.kind === 'stopped') {
    return { ...explored, verdict: 'incomplete', message: stoppedInWords(result, options) };
  }
  const failure = result.failure!;
  const schedule = result.trace;
  if (failure.kind === 'violation') {
    const { invariant, message, evidence, thread } = failure;
    const name = result.threads[thread]!;
    return {
      ...explored,
      verdict: 'fail',
      invariant,
      message: `${invariantSentence(invariant)} ${message}`,
      evidence: evidence.map((text) => ({ thread: name, text })),
      schedule,
    };
  }
  const invariant = waitingInvariant(scenario);
  return {
    ...explored,
    verdict: 'fail',
    invariant,
    message: `${invariantSentence(invariant)} ${waitingInWords(failure, result.threads)}`,
    evidence: [],
    schedule,
  };
}

function stoppedInWords({ why, states }: Verified, { maxStates }: VerifyOptions): string {
  if (why === 'interrupted')
    return `Interrupted after ${states} states: none of them broke anything.`;
  const bound =
    why === 'memory'
      ? 'the memory for states was used up'
      : `--max-states ${maxStates ?? DEFAULT_MAX_STATES} was reached`;
  return `Not all states were reached: ${bound}. None of the ${states} states reached broke anything.`;
}
