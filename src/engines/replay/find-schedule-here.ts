import type { Scenario } from '../../scenarios/scenario.ts';
import type { Failure } from '../controlled/failure.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import type { Move } from '../controlled/move.ts';
import type { SystemSpec } from '../controlled/system.ts';
import { waitingInvariant } from '../controlled/waiting.ts';
import { sampleHere } from '../sample/sample-here.ts';
import type { TraceStep } from '../trace.ts';
import { verifyHere } from '../verify/verify-here.ts';

/** Schedules that are drawn under each model before everything is explored. */
const SCHEDULES = 20_000;
const MOST_STATES = 1_000_000;
const MOST_BYTES = 2 ** 30;

/** What to look for, and whom to ask whether there is time left. */
export interface Wanted {
  readonly invariant: string;
  /** From the one whose stories are the simplest to the one that allows the most. */
  readonly models: readonly ModelName[];
  readonly seed: string;
  /** Told how many schedules or states there were in the search that is on; returns false to stop. */
  readonly goOn: (done: number) => boolean;
}

/** What came of it, as data. */
export type Searched =
  | {
      readonly kind: 'found';
      readonly engine: 'sample' | 'verify';
      readonly model: ModelName;
      readonly moves: readonly Move[];
      readonly trace: readonly TraceStep[];
      readonly instance: Readonly<Record<string, number | string>>;
    }
  | {
      /** `nowhere`: all interleavings were explored. `first`: another one is broken before it. */
      readonly kind: 'nowhere' | 'unfinished' | 'first';
      readonly model: ModelName;
      readonly other?: string;
      readonly instance: Readonly<Record<string, number | string>>;
    };

/**
 * Looks for a schedule of a small instance that breaks an invariant: draws schedules under each model,
 * then explores all under the last one.
 *
 * @throws ProgramFailed
 */
export function findScheduleHere(spec: SystemSpec, wanted: Wanted): Searched {
  const breaks = (failure: Failure | { readonly kind: 'livelock' } | undefined): boolean =>
    invariantOf(failure, spec.scenario) === wanted.invariant;
  for (const model of wanted.models) {
    const sampled = sampleHere(
      { ...spec, model },
      {
        runs: SCHEDULES,
        strategy: 'blocks',
        seed: wanted.seed,
        wanted: breaks,
        onProgress: wanted.goOn,
      },
    );
    const { failure, moves, trace, instance } = sampled;
    if (breaks(failure)) return { kind: 'found', engine: 'sample', model, moves, trace, instance };
    if (sampled.interrupted) return { kind: 'unfinished', model, instance };
  }
  const model = wanted.models.at(-1)!;
  const verified = verifyHere(
    { ...spec, model },
    {
      maxStates: MOST_STATES,
      maxBytes: MOST_BYTES,
      onProgress: ({ states }) => wanted.goOn(states),
    },
  );
  const { failure, moves, trace, instance } = verified;
  if (breaks(failure)) return { kind: 'found', engine: 'verify', model, moves, trace, instance };
  if (verified.kind === 'stopped') return { kind: 'unfinished', model, instance };
  const other = invariantOf(failure, spec.scenario);
  return other === undefined
    ? { kind: 'nowhere', model, instance }
    : { kind: 'first', model, other, instance };
}

function invariantOf(
  failure: Failure | { readonly kind: 'livelock' } | undefined,
  scenario: Scenario,
): string | undefined {
  if (failure === undefined) return undefined;
  return failure.kind === 'violation' ? failure.invariant : waitingInvariant(scenario);
}
