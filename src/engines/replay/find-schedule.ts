import type { Mutant } from '../../scenarios/scenario.ts';
import { findMutant } from '../../zoo/index.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import { supervise } from '../controlled/supervise.ts';
import { Board, type ControlledReport, type ControlledTask } from '../controlled/task.ts';
import { guestUrl } from '../guest-url.ts';
import type { Broken, ScheduleSearch } from '../result.ts';
import { scenarioName } from '../scenario-of.ts';
import type { StressOptions } from '../stress/options.ts';
import type { Searched } from './find-schedule-here.ts';

/** What the worker that looks for a schedule is told. */
export interface FindScheduleTask extends ControlledTask {
  readonly invariant: string;
  readonly models: readonly ModelName[];
  readonly seed: string;
  /** Seconds that it may take. */
  readonly seconds: number;
}

/** What was raced, and what a search may cost. */
export interface FindScheduleOptions
  extends Pick<StressOptions, 'scenario' | 'mutant' | 'guest' | 'machine' | 'seed' | 'signal'> {
  /** Seconds of searching; by default 3. */
  readonly seconds?: number;
  /** Told now and then how many schedules or states there were. */
  readonly onProgress?: (done: number, elapsed: number) => void;
}

const DEFAULT_SECONDS = 3;
const DEFAULT_SEED = 'pvrace';
/** Seconds that a worker takes to start before its search begins, at the most. */
const START = 1;

/**
 * A race broke an invariant: looks for a schedule of the scenario's small instance that breaks the same
 * one, and adds it to what the race told. The verdict, the message and the figures stay those of the race.
 */
export async function findSchedule(broken: Broken, options: FindScheduleOptions): Promise<Broken> {
  const { seed = DEFAULT_SEED, seconds = DEFAULT_SECONDS, signal } = options;
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  const models = modelsOf(mutant);
  const task: FindScheduleTask = {
    scenario: scenarioName(options.scenario),
    mutant: mutant?.id,
    guest: options.guest === undefined ? undefined : guestUrl(options.guest),
    model: models[0]!,
    models,
    board: Board.create(),
    invariant: broken.invariant,
    seed,
    seconds,
    ...(options.machine === undefined ? {} : { machine: options.machine }),
  };
  const late = AbortSignal.timeout((seconds + START) * 1000);
  const from = performance.now();
  const report = await supervise<FindScheduleTask, Searched>(
    task,
    'findSchedule',
    signal === undefined ? late : AbortSignal.any([signal, late]),
    (board, elapsed) => options.onProgress?.(board.figure(0), elapsed),
  );
  const interrupted = signal?.aborted ?? false;
  return withSearch(broken, report, (performance.now() - from) / 1000, interrupted);
}

/** What real threads of this machine can show, and of that what shows the twin. */
function modelsOf(mutant: Mutant | undefined): readonly ModelName[] {
  const here: readonly ModelName[] =
    process.arch === 'x64' || process.arch === 'ia32' ? ['sc', 'tso'] : ['sc', 'tso', 'weak'];
  const visible = here.filter((model) => mutant?.visibleUnder.includes(model) ?? true);
  return visible.length > 0 ? visible : here.slice(-1);
}

function withSearch(
  broken: Broken,
  report: ControlledReport<Searched>,
  seconds: number,
  interrupted: boolean,
): Broken {
  if (report.kind === 'failure') {
    return { ...broken, search: { ...unsearched(`${report.thread}: ${report.message}`), seconds } };
  }
  if (interrupted)
    return { ...broken, search: { ...unsearched('the search was interrupted.'), seconds } };
  if (report.kind === 'ended') {
    const message = `No schedule of it was found in ${seconds.toFixed(1)} s: the small instance of the scenario takes longer to learn.`;
    return { ...broken, search: { seconds, message } };
  }
  const { result } = report;
  const { model, instance } = result;
  if (result.kind !== 'found') {
    return { ...broken, search: { seconds, message: notFoundInWords(broken, result, seconds) } };
  }
  const { engine, moves, trace } = result;
  const how = `by ${engine} under ${model} (${inWords(instance)})`;
  const message =
    trace.length === 0
      ? `It takes no race: a thread breaks it before its first step that others can see, as was found ${how}.`
      : `A schedule that breaks the same, found ${how}:`;
  const search: ScheduleSearch = { engine, model, seconds, message };
  return { ...broken, schedule: trace, moves, search };
}

function notFoundInWords(
  { invariant }: Broken,
  { kind, model, other, instance }: Exclude<Searched, { kind: 'found' }>,
  seconds: number,
): string {
  const small = `the small instance (${inWords(instance)})`;
  if (kind === 'nowhere') {
    return `No schedule of it was found: no interleaving of ${small} under ${model} breaks ${invariant}; the race had more vCPUs, calls or ticks.`;
  }
  return kind === 'first'
    ? `No schedule of it was found: the shortest that breaks anything in ${small} under ${model} breaks ${other}.`
    : `No schedule of it was found in ${seconds.toFixed(1)} s: not all interleavings of ${small} under ${model} were gone through.`;
}

function unsearched(why: string): ScheduleSearch {
  return { seconds: 0, message: `No schedule of it was found: ${why}` };
}

function inWords(instance: Searched['instance']): string {
  return Object.entries(instance)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
