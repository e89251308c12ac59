import { confirm } from '../controlled/confirm.ts';
import { type Failure, failureHere, follow, sameFailure } from '../controlled/failure.ts';
import { lassoOf } from '../controlled/lasso.ts';
import { minimise } from '../controlled/minimise.ts';
import { NEWEST_VALUES } from '../controlled/models/weak/weak.ts';
import type { Move } from '../controlled/move.ts';
import { Stepper } from '../controlled/stepper.ts';
import { type System, SystemFactory, type SystemSpec } from '../controlled/system.ts';
import { traceOf } from '../controlled/trace.ts';
import type { TraceStep } from '../trace.ts';
import { Exploration } from './explore.ts';
import { type Bound, type Explored, type ExploreLimits, uncheckedBy } from './explored.ts';
import { livelock } from './liveness.ts';
import { Reduction } from './reduction.ts';

/** States after which an exploration is begun anew that has learned something since it began. */
const FIRST_PATIENCE = 4_000;
/** States that are explored, at most, to make a failure's schedule the shortest of all. */
const MOST_STATES_FOR_SHORTEST = 50_000;

/** What an exploration came to, as data. */
export interface Verified {
  readonly kind: 'all' | 'failure' | 'stopped';
  readonly why?: Bound;
  readonly failure?: Failure | { readonly kind: 'livelock' };
  readonly moves: readonly Move[];
  readonly trace: readonly TraceStep[];
  readonly states: number;
  readonly transitions: number;
  readonly bytes: number;
  readonly outcomes: readonly number[];
  readonly assumptions: readonly string[];
  readonly instance: Readonly<Record<string, number | string>>;
  readonly threads: readonly string[];
}

/**
 * Explores a scenario on this thread, which must not be the main one if there is a guest of the user's.
 *
 * @throws ProgramFailed
 */
export function verifyHere(spec: SystemSpec, limits: ExploreLimits): Verified {
  const factory = new SystemFactory(spec);
  return factory.explore((system) => verifySystem(system, spec, limits));
}

function verifySystem(system: System, spec: SystemSpec, limits: ExploreLimits): Verified {
  const stepper = new Stepper(system);
  const { exploration, explored } = exploreReduced(system, stepper, spec, limits);
  const { learners } = system;
  const common = {
    states: exploration.store.count,
    transitions: exploration.transitions,
    bytes: exploration.bytes,
    outcomes: [...exploration.ways.outcomes],
    assumptions: assumptionsOf(system),
    instance: instanceInWords(system),
    threads: [...system.names],
  };
  if (explored.kind === 'stopped') {
    return { ...common, kind: 'stopped', why: explored.why as Bound, moves: [], trace: [] };
  }
  if (explored.kind !== 'all') {
    // Threads that are alike may have changed places on the way: followed again, with each in its own.
    const failure = follow(system, stepper, explored.path).failure!;
    confirm(system, stepper, explored.path);
    const shorter = minimise(system, stepper, explored.path, failure);
    const path = shortest(system, stepper, spec, shorter, failure, limits);
    const moves = minimise(system, stepper, path, failure);
    return { ...common, kind: 'failure', ...told(system, stepper, moves) };
  }
  const random = xorshift();
  for (const learner of new Set(learners)) learner.probe(random);
  system.checkAlike(random);
  if (exploration.turning.length > 0 && !uncheckedBy(spec).waiting) {
    const state = livelock(system, stepper, exploration, () =>
      exploration.goesOn(limits, exploration.store.count),
    );
    if (state === 'interrupted')
      return { ...common, kind: 'stopped', why: state, moves: [], trace: [] };
    if (state >= 0) {
      const stem = exploration.pathTo(state);
      confirm(system, stepper, stem);
      const lasso = lassoOf(system, stepper, stem);
      return { ...common, kind: 'failure', failure: { kind: 'livelock' }, ...lasso };
    }
  }
  return { ...common, kind: 'all', moves: [], trace: [] };
}

/**
 * The shortest way to a failure. Steps in a row and threads whose steps suffice are no measure of length,
 * so all steps are explored, in layers, up to where the failure is known to be; or as far as is reasonable.
 */
function shortest(
  system: System,
  stepper: Stepper,
  spec: SystemSpec,
  moves: readonly Move[],
  failure: Failure,
  limits: ExploreLimits,
): readonly Move[] {
  const outcomes = spec.scenario.outcomes.length;
  const exploration = new Exploration(system, stepper, undefined, outcomes, uncheckedBy(spec));
  const found = exploration.run({ ...limits, maxStates: MOST_STATES_FOR_SHORTEST });
  if (found.kind !== 'violation' && found.kind !== 'stuck') return moves;
  const { failure: got } = follow(system, stepper, found.path);
  return sameFailure(got, failure) && found.path.length < moves.length ? found.path : moves;
}

/** Explores again and again, each time with what was learned before, until nothing new is learned that matters. */
function exploreReduced(
  system: System,
  stepper: Stepper,
  spec: SystemSpec,
  limits: ExploreLimits,
): { exploration: Exploration; explored: Explored } {
  const half = Math.floor(limits.maxStates / 2);
  for (let patience = FIRST_PATIENCE; ; patience *= 4) {
    const reduction = spec.unreduced === true ? undefined : new Reduction(system, stepper);
    const outcomes = spec.scenario.outcomes.length;
    const exploration = new Exploration(system, stepper, reduction, outcomes, uncheckedBy(spec));
    // Once at half of all states that there may be: with what was learned by then, all may fit.
    const last = patience > half && patience <= 4 * half;
    const explored = exploration.run({ ...limits, patience: last ? half : patience });
    if (explored.kind === 'violation' || explored.kind === 'stuck')
      return { exploration, explored };
    const incomplete = explored.kind === 'stopped' && explored.why === 'incomplete';
    if (explored.kind === 'stopped' && !incomplete) return { exploration, explored };
    if (!incomplete && reduction?.stillHolds !== false) return { exploration, explored };
  }
}

/** A schedule's failure and what its steps did. */
function told(
  system: System,
  stepper: Stepper,
  moves: readonly Move[],
): { failure: Failure; moves: readonly Move[]; trace: readonly TraceStep[] } {
  const trace = traceOf(system, stepper, moves);
  return { failure: failureHere(system, stepper)!, moves, trace };
}

/** What the verdict rests on. */
function assumptionsOf({ learners, model }: System): readonly string[] {
  const guessed = new Set(learners.flatMap((learner) => learner.assumptions));
  return model.dropped ? [...guessed, NEWEST_VALUES] : [...guessed];
}

function instanceInWords({ instance, learners }: System): Record<string, number | string> {
  return {
    vcpus: instance.machine.vcpus,
    threads: learners.length,
    calls: instance.steps.join('+'),
    ticks: instance.clock.steps,
  };
}

/** A fixed series: which iterations a probe mixes is the same in every run. */
function xorshift(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
