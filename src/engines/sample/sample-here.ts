import { hashSeed, Random } from '../../scenarios/random.ts';
import { confirm } from '../controlled/confirm.ts';
import { type Failure, failureHere } from '../controlled/failure.ts';
import { lassoOf } from '../controlled/lasso.ts';
import { minimise } from '../controlled/minimise.ts';
import type { Move } from '../controlled/move.ts';
import { Stepper } from '../controlled/stepper.ts';
import { type System, SystemFactory, type SystemSpec } from '../controlled/system.ts';
import { traceOf } from '../controlled/trace.ts';
import type { TraceStep } from '../trace.ts';
import { uncheckedBy } from '../verify/explored.ts';
import { Coverage } from './coverage.ts';
import { doomedBy } from './doomed.ts';
import { type Strategy, Walker } from './walk.ts';

/** Orderings that must hold for the bugs that `pct` looks for. */
const PCT_DEPTH = 3;
/** Steps, the first ones, whose states are counted: counting takes longer than walking. */
const COUNTED_STEPS = 100_000;
const SCHEDULES_PER_LOOK = 256;
/** So many schedules without an end, and none with one: the rest would have none either. */
const HOPELESS = 1_000;

/** Schedules without an end that are looked at whether there is one at all. */
const LOOKS_FOR_LIVELOCKS = 8;

/** How to search. */
export interface SampleSpec {
  readonly runs: number;
  readonly strategy: Strategy;
  readonly seed: string;
  /** Which failures count; without it, all. */
  readonly wanted?: (failure: Failure) => boolean;
  /** Go on after a hit, and count. */
  readonly keepGoing?: boolean;
  /** Told now and then; returns false to stop. */
  readonly onProgress?: (schedules: number) => boolean;
}

/** What a search came to, as data. */
export interface Sampled {
  readonly failure?: Failure | { readonly kind: 'livelock' };
  readonly moves: readonly Move[];
  readonly trace: readonly TraceStep[];
  readonly schedules: number;
  readonly hits: number;
  /** Schedules that were given up: after so many steps their threads still ran. */
  readonly unended: number;
  readonly distinctSchedules: number;
  /** Different states on the way of the first schedules: a lower bound. */
  readonly distinctStates: number;
  /** Steps of the longest schedule that came to an end. */
  readonly longest: number;
  /** PCT: a bug of that depth is found by one schedule with at least this probability. */
  readonly pctBound: number | undefined;
  readonly outcomes: readonly number[];
  readonly assumptions: readonly string[];
  readonly instance: Readonly<Record<string, number | string>>;
  readonly threads: readonly string[];
  readonly interrupted: boolean;
}

/**
 * Draws schedules of a scenario on this thread, which must not be the main one if there is a guest of
 * the user's; the first failing one is made as short as it gets.
 *
 * @throws ProgramFailed
 */
export function sampleHere(spec: SystemSpec, search: SampleSpec): Sampled {
  return new SystemFactory(spec).explore((system) => sampleSystem(system, spec, search));
}

function sampleSystem(system: System, spec: SystemSpec, search: SampleSpec): Sampled {
  const stepper = new Stepper(system);
  const { model, learners, instance } = system;
  const random = new Random(hashSeed(search.seed, spec.scenario.name, 'schedules'));
  const walker = new Walker(system, stepper, random, PCT_DEPTH, spec.scenario.outcomes.length);
  const schedulesSeen = new Coverage();
  const statesSeen = new Coverage();
  let countedSteps = 0;
  const countState = (): void => {
    countedSteps++;
    statesSeen.add(hashOf(model.packed, model.pack()));
  };
  let schedules = 0;
  let hits = 0;
  let unended = 0;
  // A loop that was guessed to lead back, and does not, is one that a schedule never leaves.
  const probe = (): void => {
    for (const learner of new Set(learners)) learner.probe(() => random.next());
  };
  let interrupted = false;
  let first: readonly Move[] | undefined;
  let failure: Failure | undefined;
  let livelock: ReturnType<typeof lassoOf> | undefined;
  // A weak memory that has dropped values may leave a thread with less than there was to read.
  const isAsked =
    search.wanted === undefined && !uncheckedBy(spec).waiting && model.name !== 'weak';
  let looks = isAsked ? LOOKS_FOR_LIVELOCKS : 0;
  while (schedules < search.runs) {
    const ended = walker.walk(
      search.strategy,
      countedSteps < COUNTED_STEPS ? countState : undefined,
    );
    schedules++;
    if (!ended && isPowerOfTwo(++unended)) probe();
    if (!ended && looks-- > 0) {
      const doomed = doomedBy(system, stepper, walker.moves());
      if (doomed !== undefined) {
        // What was guessed on the way to this is tried before it is told: who counts far looks like who waits.
        probe();
        system.checkAlike(() => random.next());
        livelock = lassoOf(system, stepper, doomed);
        confirm(system, stepper, livelock.moves);
        hits++;
        break;
      }
    }
    if (unended === schedules && unended === HOPELESS) break;
    schedulesSeen.add(walker.hash());
    if (stepper.violator >= 0 || (ended && !stepper.finished)) {
      const hit = failureHere(system, stepper);
      // Where threads stand at a bound of the engine, nothing is broken.
      if (hit === undefined) unended++;
      else if (first !== undefined || search.wanted?.(hit) !== false) {
        hits++;
        if (first === undefined) {
          first = walker.moves();
          failure = hit;
        }
        if (search.keepGoing !== true) break;
      }
    }
    if (schedules % SCHEDULES_PER_LOOK === 0 && search.onProgress?.(schedules) === false) {
      interrupted = true;
      break;
    }
  }
  const common = {
    schedules,
    hits,
    unended,
    distinctSchedules: schedulesSeen.count,
    distinctStates: statesSeen.count,
    longest: walker.longest,
    pctBound:
      search.strategy === 'pct'
        ? 1 / (stepper.actors * walker.longest ** (PCT_DEPTH - 1))
        : undefined,
    outcomes: [...walker.outcomes],
    assumptions: [...new Set(learners.flatMap((learner) => learner.assumptions))],
    instance: {
      vcpus: instance.machine.vcpus,
      threads: learners.length,
      calls: instance.steps.join('+'),
      ticks: instance.clock.steps,
    },
    threads: [...system.names],
    interrupted,
  };
  if (livelock !== undefined) return { ...common, failure: { kind: 'livelock' }, ...livelock };
  if (first === undefined || failure === undefined) return { ...common, moves: [], trace: [] };
  confirm(system, stepper, first);
  const moves = minimise(system, stepper, first, failure);
  const trace = traceOf(system, stepper, moves);
  return { ...common, failure: failureHere(system, stepper)!, moves, trace };
}

function isPowerOfTwo(number: number): boolean {
  return (number & (number - 1)) === 0;
}

/** A number that differs where states do. */
function hashOf(words: Int32Array, length: number): number {
  let hash = length;
  for (let at = 0; at < length; at++) {
    hash = Math.imul(hash ^ words[at]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
