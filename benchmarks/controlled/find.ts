import { contextSwitches } from '../../src/engines/controlled/move.ts';
import { type Sampled, sampleHere } from '../../src/engines/sample/sample-here.ts';
import { type Verified, verifyHere } from '../../src/engines/verify/verify-here.ts';
import type { Scenario } from '../../src/scenarios/scenario.ts';
import type { Effort } from './effort.ts';
import type { Figure } from './figure.ts';
import { fastest, median, type Timed, timed } from './repeat.ts';
import { seqlock } from './seqlock.ts';

/** The names of figures that others are held against. */
export const BROKEN_SUBJECT = 'broken seqlock 2x1';
export const VERIFY = 'verify, shortest schedule';
/** More than it ever takes: the search ends at the first failure. */
const MOST_SCHEDULES = 100_000;

/** The reader that does not look at the version again: how long until its failure is found and shrunk. */
export function* find(effort: Effort): Generator<Figure> {
  const scenario = seqlock({ updates: 2, readers: 1, relaxes: true, checks: false });
  const search = (seed: string): Timed<Sampled> =>
    timed(() =>
      sampleHere({ scenario, model: 'sc' }, { runs: MOST_SCHEDULES, strategy: 'blocks', seed }),
    );
  // Before anything else has warmed the engine: what a short test run sees.
  yield found('sample and shrink, first in process', search('0'));
  const searches = Array.from({ length: effort.searches }, (_, seed) => search(`${seed}`));
  yield found(`sample and shrink, median of ${effort.searches} seeds`, median(searches));
  const slowest = searches.reduce((a, b) => (a.seconds > b.seconds ? a : b));
  yield found(`sample and shrink, slowest of ${effort.searches}`, slowest);
  yield verified(scenario, effort);
}

function found(how: string, { result, seconds, cpuSeconds }: Timed<Sampled>): Figure {
  return {
    ...failureOf(result),
    how,
    model: 'sc',
    schedules: result.schedules,
    seconds,
    cpuSeconds,
  };
}

function verified(scenario: Scenario, effort: Effort): Figure {
  const { result, seconds, cpuSeconds } = fastest(effort.repeatSeconds, () =>
    verifyHere(
      { scenario, model: 'sc' },
      { maxStates: effort.mostStates, maxBytes: effort.mostBytes },
    ),
  );
  return {
    ...failureOf(result),
    how: VERIFY,
    model: 'sc',
    seconds,
    cpuSeconds,
  };
}

function failureOf(
  result: Pick<Sampled | Verified, 'failure' | 'moves' | 'threads'>,
): Pick<Figure, 'subject' | 'ending' | 'steps' | 'contextSwitches'> {
  if (result.failure === undefined) return { subject: BROKEN_SUBJECT, ending: 'holds' };
  const { moves, threads } = result;
  return {
    subject: BROKEN_SUBJECT,
    ending: 'broken',
    steps: moves.length,
    contextSwitches: contextSwitches(moves, threads.length),
  };
}
