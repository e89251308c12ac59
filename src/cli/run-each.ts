import { inLanes } from '../engines/lanes.ts';
import type { ScenarioResult } from '../engines/result.ts';
import { UsageError } from '../engines/usage-error.ts';
import type { SearchProgress } from '../report/progress.ts';
import { resultLines } from '../report/result-lines.ts';
import { type RunSubject, saveSchedule, searchCommand } from './failure-again.ts';
import { closeRun, type Session, sayHeading } from './session.ts';

/** Runs of up to so many scenarios show the tables of those that passed too. */
const FEW = 3;

/** What every run of a controlled engine is told. */
interface RunOptions extends RunSubject {
  /** File for the schedule of the first failure. */
  readonly save?: string;
}

/** What a run is given besides: how to stop, and whom to tell how far it is. */
export interface Watched {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Omit<SearchProgress, 'place' | 'count'>) => void;
}

/**
 * Runs each, up to so many at a time, shows progress, and tells each result as soon as it and those
 * before it are there. Ctrl-C ends the runs that are on; they and those that were to come are incomplete.
 *
 * @param workers runs at a time: one exploration takes one core
 */
export async function runEach<Options extends RunOptions>(
  session: Session,
  runs: readonly Options[],
  engine: 'verify' | 'sample',
  workers: number,
  one: (run: Omit<Options, 'save'> & Watched) => Promise<ScenarioResult>,
): Promise<void> {
  sayHeading(session);
  const { quiet } = session.options;
  const detail = !quiet && runs.length <= FEW ? 'full' : 'brief';
  const stop = new AbortController();
  const forget = session.io.onInterrupt(() => stop.abort());
  const there: ScenarioResult[] = [];
  const results: ScenarioResult[] = [];
  /** Tells the results whose turn has come. */
  const tell = async (): Promise<void> => {
    for (;;) {
      const index = results.length;
      const result = there[index];
      if (result === undefined) return;
      session.progress.clear();
      // Its place is taken at once: another lane may tell at the same time.
      results.push(result);
      const shown = await withReplay(session, runs[index]!, result, results.slice(0, index));
      results[index] = shown;
      if (!quiet || result.verdict !== 'pass') {
        session.say(resultLines(shown, detail, session.page));
      }
    }
  };
  let turn = Promise.resolve();
  let unloadable = false;
  try {
    await inLanes(runs.length, workers, async (index) => {
      if (unloadable) return;
      const run = runs[index]!;
      const { save: _, ...asked } = run;
      const onProgress: Watched['onProgress'] = (progress) =>
        session.progress.show({ ...progress, place: index + 1, count: runs.length });
      const result = stop.signal.aborted
        ? notRun(run, engine)
        : await guarded(run, engine, () => one({ ...asked, signal: stop.signal, onProgress }));
      // A guest that one run cannot load is none for the others either: told once.
      if (unloadable) return;
      unloadable = result.verdict === 'error' && result.code === 'GUEST_LOAD';
      there[unloadable ? results.length : index] = result;
      turn = turn.then(tell);
      await turn;
    });
  } finally {
    session.progress.clear();
    forget();
  }
  await closeRun(session, results);
}

/** Saves the first failure where that is asked for, and says how to see a failure again. */
async function withReplay(
  session: Session,
  run: RunOptions,
  result: ScenarioResult,
  before: readonly ScenarioResult[],
): Promise<ScenarioResult> {
  if (result.verdict !== 'fail' || result.moves === undefined) return result;
  const isFirst = !before.some(({ verdict }) => verdict === 'fail');
  if (run.save === undefined || !isFirst) {
    return { ...result, replay: searchCommand(run, result) };
  }
  return { ...result, replay: await saveSchedule(session, run, result, run.save) };
}

async function guarded(
  run: RunOptions,
  engine: 'verify' | 'sample',
  one: () => Promise<ScenarioResult>,
): Promise<ScenarioResult> {
  try {
    return await one();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return {
      ...nothing(run, engine),
      verdict: 'error',
      code: 'HARNESS',
      message: `The harness failed: ${message}`,
    };
  }
}

function notRun(run: RunOptions, engine: 'verify' | 'sample'): ScenarioResult {
  return {
    ...nothing(run, engine),
    verdict: 'incomplete',
    message: 'Not run: stopped before its turn came.',
  };
}

/** What there is to say of a run that did not take place. */
function nothing({ scenario, mutant, guest, seed }: RunOptions, engine: 'verify' | 'sample') {
  return {
    scenario: String(scenario),
    ...(mutant === undefined ? {} : { mutant }),
    ...(guest === undefined ? {} : { guest: `${guest}` }),
    engine,
    seed: seed ?? '',
    seconds: 0,
    instance: {},
    assumptions: [],
    outcomes: [],
  };
}
