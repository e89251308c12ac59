import type { InstanceOptions } from '../controlled/instance.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import { inLanes } from '../lanes.ts';
import type { ScenarioResult } from '../result.ts';
import type { SampleOptions } from '../sample/options.ts';
import type { StressOptions } from '../stress/options.ts';
import type { VerifyOptions } from '../verify/options.ts';
import { grade, gradeAll, notRun, notVisible } from './grade.ts';
import type { Graded, Trial } from './trial.ts';

/** The engines as the library has them. */
export interface Engines {
  stress(options: StressOptions): Promise<ScenarioResult>;
  sample(options: SampleOptions): Promise<ScenarioResult>;
  verify(options: VerifyOptions): Promise<ScenarioResult>;
}

/** What each trial may cost. */
export interface Budget {
  /** stress: seconds for a twin at the most, and for a reference. */
  readonly seconds: number;
  readonly referenceSeconds: number;
  /** sample: schedules for a twin at the most, and for a reference. */
  readonly schedules: number;
  readonly referenceSchedules: number;
  /** verify: states under one model for a twin at the most, and for a reference. */
  readonly states: number;
  readonly referenceStates: number;
  /** How often each twin is tried. */
  readonly repeat: number;
}

/** How trials are run. */
export interface Running {
  readonly engines: Engines;
  readonly budget: Budget;
  readonly seed: string;
  /** Trials at a time, for engines that use one thread each; stress has all cores to itself. */
  readonly atATime: number;
  readonly signal: AbortSignal;
  /** Told when a trial begins, and when it is over. */
  readonly onStart: (trial: Trial, index: number) => void;
  readonly onResult: (graded: Graded, index: number) => void;
}

/** Seconds of the canary race: its figure is not what is asked for here. */
const CANARY_SECONDS = 0.01;

/** Runs trials, all of one engine, in their order; results are in that order too. */
export async function runTrials(
  trials: readonly Trial[],
  running: Running,
): Promise<readonly Graded[]> {
  const results: Graded[] = [];
  const lanes = trials.some(({ engine }) => engine === 'stress') ? 1 : running.atATime;
  await inLanes(trials.length, lanes, async (index) => {
    const trial = trials[index]!;
    if (!running.signal.aborted) running.onStart(trial, index);
    const graded = await runTrial(trial, running);
    results[index] = graded;
    running.onResult(graded, index);
  });
  return results;
}

async function runTrial(trial: Trial, running: Running): Promise<Graded> {
  const { seed, budget, signal } = running;
  if (trial.notVisible !== undefined) return notVisible(trial, trial.notVisible, seed);
  if (budget.repeat === 1 || trial.mutant === undefined) return once(trial, running, seed);
  const runs: Graded[] = [];
  for (let run = 0; run < budget.repeat && !signal.aborted; run++) {
    runs.push(await once(trial, running, run === 0 ? seed : `${seed} ${run}`));
  }
  return runs.length === 0 ? notRun(trial, seed) : gradeAll(runs);
}

async function once(trial: Trial, running: Running, seed: string): Promise<Graded> {
  const { engines, budget, signal } = running;
  if (signal.aborted) return notRun(trial, seed);
  if (trial.engine === 'stress') {
    const seconds = trial.mutant === undefined ? budget.referenceSeconds : budget.seconds;
    const result = await engines.stress({
      ...subjectOf(trial),
      ...(trial.machine === undefined ? {} : { machine: trial.machine }),
      seconds,
      seed,
      signal,
      canarySeconds: CANARY_SECONDS,
    });
    return whole(trial, result, running);
  }
  let graded = notRun(trial, seed);
  for (const model of trial.models) {
    if (signal.aborted) break;
    graded = whole(trial, await explore(trial, running, model, seed), running);
    if (graded.verdict === 'fail') break;
  }
  return graded;
}

/** A run that was stopped before its budget was used up tells nothing of what it did not find. */
function whole(trial: Trial, result: ScenarioResult, { signal, seed }: Running): Graded {
  return signal.aborted && result.verdict !== 'fail' ? notRun(trial, seed) : grade(trial, result);
}

function explore(
  trial: Trial,
  { engines, budget, signal }: Running,
  model: ModelName,
  seed: string,
): Promise<ScenarioResult> {
  const common = { ...subjectOf(trial), ...instanceOf(trial), model, seed, signal };
  return trial.engine === 'verify'
    ? engines.verify({ ...common, ...withoutOf(trial), maxStates: statesFor(trial, budget) })
    : engines.sample({ ...common, runs: schedulesFor(trial, budget) });
}

function statesFor({ mutant }: Trial, budget: Budget): number {
  return mutant === undefined ? budget.referenceStates : budget.states;
}

function schedulesFor({ mutant }: Trial, budget: Budget): number {
  return mutant === undefined ? budget.referenceSchedules : budget.schedules;
}

function withoutOf({ without }: Trial): { without?: readonly string[] } {
  return without === undefined ? {} : { without };
}

function subjectOf({ scenario, mutant }: Trial): { scenario: string; mutant?: string } {
  return mutant === undefined ? { scenario } : { scenario, mutant };
}

/** The instance of a twin, for the reference. A twin brings its own. */
function instanceOf({ machine, controlled }: Trial): InstanceOptions {
  return {
    ...(machine === undefined ? {} : { machine }),
    ...(controlled === undefined ? {} : { controlled }),
  };
}
