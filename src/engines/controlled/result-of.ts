import { invariantSentence } from '../../scenarios/invariants.ts';
import type { Mutant, Scenario } from '../../scenarios/scenario.ts';
import { ownSentence } from '../own-sentence.ts';
import type { Broken, ScenarioResult } from '../result.ts';
import type { TraceStep } from '../trace.ts';
import { UsageError } from '../usage-error.ts';
import type { Failure } from './failure.ts';
import { checkCalls, type InstanceOptions } from './instance.ts';
import type { ModelName } from './models/memory-model.ts';
import type { Move } from './move.ts';
import type { ControlledReport } from './task.ts';
import { waitingInvariant, waitingInWords } from './waiting.ts';

/** What was asked of a controlled engine. */
export interface Asked {
  readonly scenario: Scenario;
  readonly mutant: Mutant | undefined;
  readonly guest: string | URL | undefined;
  readonly model: ModelName;
  readonly seed: string;
  readonly engine: 'verify' | 'sample' | 'replay';
}

/** What the results of all controlled engines have in common. */
export interface Explored {
  readonly instance: Readonly<Record<string, number | string>>;
  readonly assumptions: readonly string[];
  readonly outcomes: readonly number[];
}

/** @throws UsageError where a twin, a scenario and a number of vCPUs or of calls do not go together */
export function checkSelection(
  scenario: Scenario,
  mutant: Mutant | undefined,
  { vcpus, steps }: Pick<InstanceOptions, 'vcpus' | 'steps'>,
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
  checkCalls(scenario, steps);
}

/** The fields that every result starts with. */
export function headOf({ scenario, mutant, guest, model, seed, engine }: Asked) {
  return {
    scenario: scenario.name,
    ...(mutant === undefined ? {} : { mutant: mutant.id }),
    ...(guest === undefined ? {} : { guest: String(guest) }),
    engine,
    model,
    seed,
  };
}

/** The result of a program or an engine that failed. */
export function failedResult(
  asked: Asked,
  { code, thread, message }: Extract<ControlledReport<never>, { kind: 'failure' }>,
): ScenarioResult {
  return {
    ...headOf(asked),
    seconds: 0,
    instance: {},
    assumptions: [],
    outcomes: [],
    verdict: 'error',
    code,
    message: `${thread}: ${message}`,
  };
}

/** The result of a run that was stopped, and whose worker did not stop by itself. */
export function endedResult(
  asked: Asked,
  { seconds }: Extract<ControlledReport<never>, { kind: 'ended' }>,
  done: string,
): ScenarioResult {
  return {
    ...headOf(asked),
    seconds,
    instance: {},
    assumptions: [],
    outcomes: [],
    verdict: 'incomplete',
    message: `Interrupted: the worker was ended in the middle of its work. ${done}`,
  };
}

/** What an exploration found, without its verdict. */
export function exploredFields(asked: Asked, explored: Explored, seconds: number) {
  return {
    ...headOf(asked),
    seconds,
    instance: explored.instance,
    assumptions: explored.assumptions,
    outcomes: asked.scenario.outcomes.map((outcome, index) => ({
      ...outcome,
      count: explored.outcomes[index] ?? 0,
    })),
  };
}

/** The broken invariant of a failing schedule, in words. */
export function brokenFields(
  scenario: Scenario,
  failure: Failure | { readonly kind: 'livelock' },
  threads: readonly string[],
  schedule: readonly TraceStep[],
  moves: readonly Move[],
): Pick<
  Broken,
  'verdict' | 'invariant' | 'sentence' | 'message' | 'evidence' | 'schedule' | 'moves'
> {
  const own = (id: string): { sentence?: string } => ownSentence(scenario, id);
  if (failure.kind === 'violation') {
    const { invariant, message, evidence, thread } = failure;
    return {
      verdict: 'fail',
      invariant,
      ...own(invariant),
      message: `${invariantSentence(invariant, scenario.ownInvariants)} ${message}`,
      evidence: evidence.map((text) => ({ thread: threads[thread]!, text })),
      schedule,
      moves,
    };
  }
  const invariant = waitingInvariant(scenario);
  return {
    verdict: 'fail',
    invariant,
    ...own(invariant),
    message: `${invariantSentence(invariant, scenario.ownInvariants)} ${waitingInWords(failure, threads)}`,
    evidence: [],
    schedule,
    moves,
  };
}
