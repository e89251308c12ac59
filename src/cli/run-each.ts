import type { ScenarioResult } from '../engines/result.ts';
import { UsageError } from '../engines/usage-error.ts';
import type { SearchProgress } from '../report/progress.ts';
import { resultLines } from '../report/result-lines.ts';
import { closeRun, type Session, sayHeading } from './session.ts';

/** Runs of up to so many scenarios show the tables of those that passed too. */
const FEW = 3;

/** What every run of a controlled engine is told. */
interface RunOptions {
  readonly scenario: string;
  readonly mutant?: string;
  readonly guest?: string | URL;
  readonly seed?: string;
}

/** What a run is given besides: how to stop, and whom to tell how far it is. */
export interface Watched {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Omit<SearchProgress, 'place' | 'count'>) => void;
}

/**
 * Runs one after the other, shows progress, and tells each result as soon as it is there. Ctrl-C ends
 * the run that is on; it and those that were to come are incomplete.
 */
export async function runEach<Options extends RunOptions>(
  session: Session,
  runs: readonly Options[],
  engine: 'verify' | 'sample',
  one: (run: Options & Watched) => Promise<ScenarioResult>,
): Promise<void> {
  sayHeading(session);
  const { quiet } = session.options;
  const detail = !quiet && runs.length <= FEW ? 'full' : 'brief';
  const stop = new AbortController();
  const forget = session.io.onInterrupt(() => stop.abort());
  const results: ScenarioResult[] = [];
  try {
    for (const [index, run] of runs.entries()) {
      const onProgress: Watched['onProgress'] = (progress) =>
        session.progress.show({ ...progress, place: index + 1, count: runs.length });
      const result = stop.signal.aborted
        ? notRun(run, engine)
        : await guarded(run, engine, () => one({ ...run, signal: stop.signal, onProgress }));
      session.progress.clear();
      results.push(result);
      if (!quiet || result.verdict !== 'pass') {
        session.say(resultLines(result, detail, session.page));
      }
      if (result.verdict === 'error' && result.code === 'GUEST_LOAD') break;
    }
  } finally {
    session.progress.clear();
    forget();
  }
  await closeRun(session, results);
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
    scenario,
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
