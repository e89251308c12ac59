import type { Broken, Failed, Incomplete, ScenarioResult } from '../engines/result.ts';
import type { StressOptions } from '../engines/stress/options.ts';
import { UsageError } from '../engines/usage-error.ts';
import { stressCommandLine } from './command-line.ts';
import type { Library } from './library.ts';
import type { Session } from './session.ts';

/** Adds to a failure what can be found out about it after the race. */
export type Explain = (
  broken: Broken,
  options: StressOptions & { readonly signal: AbortSignal },
) => Promise<Broken>;

/**
 * Races one after the other, shows progress, and tells each result as soon as it is there. Ctrl-C ends
 * the race that is on; it and those that were to come are incomplete. A guest that cannot be loaded for
 * one cannot be loaded for the rest.
 */
export async function race(
  races: readonly StressOptions[],
  library: Library,
  session: Session,
  onResult: (result: ScenarioResult, index: number) => void,
  explain: Explain = async (broken) => broken,
): Promise<readonly ScenarioResult[]> {
  const stop = new AbortController();
  const forget = session.io.onInterrupt(() => stop.abort());
  const results: ScenarioResult[] = [];
  try {
    for (const [index, options] of races.entries()) {
      const onProgress: StressOptions['onProgress'] = (progress) =>
        session.progress.show({ ...progress, place: index + 1, count: races.length });
      const result = await one(
        { ...options, signal: stop.signal, onProgress },
        library,
        stop.signal,
        explain,
      );
      session.progress.clear();
      results.push(result);
      onResult(result, index);
      if (result.verdict === 'error' && result.code === 'GUEST_LOAD') break;
    }
  } finally {
    session.progress.clear();
    forget();
  }
  return results;
}

async function one(
  options: StressOptions,
  library: Library,
  signal: AbortSignal,
  explain: Explain,
): Promise<ScenarioResult> {
  if (signal.aborted) return notRun(options);
  try {
    const result = await library.stress(options);
    if (result.verdict === 'fail') {
      const again = { replay: stressCommandLine(options), ...result };
      return await explain(again, { ...options, signal });
    }
    return result.verdict === 'pass' && signal.aborted
      ? { ...result, verdict: 'incomplete', message: 'Stopped before its time was over.' }
      : result;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return harnessFault(options, error);
  }
}

function notRun(options: StressOptions): Incomplete {
  return {
    ...nothing(options),
    verdict: 'incomplete',
    message: 'Not run: stopped before its turn came.',
  };
}

function harnessFault(options: StressOptions, error: unknown): Failed {
  const message = error instanceof Error ? error.message : String(error);
  return {
    ...nothing(options),
    verdict: 'error',
    code: 'HARNESS',
    message: `The harness failed: ${message}`,
  };
}

/** What there is to say of a race that did not take place. */
function nothing({
  scenario,
  mutant,
  guest,
  access,
  seed,
}: StressOptions): Omit<Incomplete, 'verdict' | 'message'> {
  return {
    scenario: String(scenario),
    ...(mutant === undefined ? {} : { mutant }),
    ...(guest === undefined ? {} : { guest: `${guest}` }),
    ...(access === undefined ? {} : { access }),
    engine: 'stress',
    seed: seed ?? '',
    seconds: 0,
    instance: {},
    assumptions: [],
    outcomes: [],
  };
}
