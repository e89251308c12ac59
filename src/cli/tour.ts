import type { Command } from 'commander';
import type { ScenarioResult } from '../engines/result.ts';
import type { StressOptions } from '../engines/stress/options.ts';
import type { MutantEntry } from '../report/catalogue.ts';
import { meaning, type ReportedResult } from '../report/report.ts';
import { resultLines } from '../report/result-lines.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { race } from './race.ts';
import { reportOptions } from './report-options.ts';
import { closeRun, openSession, type Session, sayHeading } from './session.ts';

/** Seconds for each reference, which has to hold for that long. */
const REFERENCE_SECONDS = 1;
/** Seconds for each twin at the most; most are caught in a fraction of one. */
const TWIN_SECONDS = 5;

const SECOND_PART = 'Now broken twins, which must be caught:';

/** `pvrace tour`: what `npm start` runs. Every reference must hold, and every twin must be caught. */
export function addTourCommand(program: Command, io: Io, library: Library): void {
  program
    .command('tour')
    .summary('see it work: every reference holds, broken twins are caught')
    .description(
      'Races every reference for a second, then a broken twin of each race until it is caught.',
    )
    .action(async (_options: unknown, command: Command) => {
      await tour(await openSession('tour', io, reportOptions(command)), library);
    });
}

async function tour(session: Session, library: Library): Promise<void> {
  const { seed, quiet } = session.options;
  const { scenarios } = library;
  const twins = headlineTwins(library);
  const races: readonly StressOptions[] = [
    ...scenarios.map(({ name }) => ({ scenario: name, seconds: REFERENCE_SECONDS, seed })),
    ...twins.map(({ id, scenario }) => ({ scenario, mutant: id, seconds: TWIN_SECONDS, seed })),
  ];
  const results: ReportedResult[] = [];
  sayHeading(session);
  await race(races, library, session, (result, index) => {
    const reported = judged(result, twins[index - scenarios.length]);
    results.push(reported);
    if (quiet && meaning(reported) === 'pass') return;
    if (index === scenarios.length && !quiet) sayPart(session, SECOND_PART);
    session.say(resultLines(reported, 'brief', session.page));
  });
  await closeRun(session, results);
}

function sayPart({ say, page }: Session, title: string): void {
  say(['', page.palette.strong(title), '']);
}

/**
 * For each scenario the first of its twins that real threads can show; one that needs no store buffer, if
 * there is one, because a busy machine shows few of those.
 */
export function headlineTwins({
  scenarios,
  mutants,
}: Pick<Library, 'scenarios' | 'mutants'>): readonly MutantEntry[] {
  return scenarios.flatMap(({ name }) => {
    const able = mutants.filter(
      ({ scenario, notOnThreads }) => scenario === name && notOnThreads === undefined,
    );
    const twin = able.find(({ visibleUnder }) => visibleUnder.includes('sc')) ?? able[0];
    return twin === undefined ? [] : [twin];
  });
}

/** A twin is caught by an invariant of its own; any other way it survived. */
function judged(result: ScenarioResult, twin: MutantEntry | undefined): ReportedResult {
  if (twin === undefined) return result;
  const own: readonly string[] = twin.invariants;
  const killed = result.verdict === 'fail' && own.includes(result.invariant);
  return { ...result, killed: killed ? 'killed' : 'survived' };
}
