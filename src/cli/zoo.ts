import { type Command, Option } from 'commander';
import type { ModelName } from '../engines/controlled/models/memory-model.ts';
import { UsageError } from '../engines/usage-error.ts';
import { runTrials } from '../engines/zoo/run-trials.ts';
import { type Graded, type Trial, ZOO_ENGINES, type ZooEngine } from '../engines/zoo/trial.ts';
import { controlTrials, trialsOf } from '../engines/zoo/trials.ts';
import { documentOf } from '../report/document.ts';
import { meaning } from '../report/report.ts';
import { zooHtml } from '../report/zoo-html.ts';
import { surpriseLines, zooLines, zooVerdictLine } from '../report/zoo-lines.ts';
import { findByName } from '../scenarios/find.ts';
import { argument } from './argument.ts';
import { parseCount } from './count.ts';
import { parseDuration } from './duration.ts';
import { exitCodeOf } from './exit-code.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { openSession, type Session, sayHeading, writeDocuments } from './session.ts';

interface Options {
  readonly engine?: ZooEngine;
  readonly model?: ModelName;
  readonly time: number;
  readonly schedules: number;
  readonly maxStates: number;
  readonly repeat: number;
  readonly control?: boolean;
}

/** Seconds that a reference races for. */
const REFERENCE_SECONDS = 1;
/** Schedules that are drawn of a reference: there are many of them, each under every model. */
const REFERENCE_SCHEDULES = 2_000;
/** States of a reference, at least as many as any twin takes to fall. The command `verify` has no such bound. */
const REFERENCE_STATES = 200_000;

/** `pvrace zoo`: which broken twins fall to which engine. */
export function addZooCommand(program: Command, io: Io, library: Library): void {
  program
    .command('zoo')
    .summary('hold every broken twin, and every reference, against every engine')
    .description(
      'The kill matrix: which broken twins fall to which engine, by an invariant of their own. No reference may fall.',
    )
    .argument('[id...]', 'ids of twins; without any, all of them')
    .addOption(
      new Option('--engine <name>', 'only this engine (default: all three)').choices(ZOO_ENGINES),
    )
    .addOption(
      new Option(
        '--model <name>',
        'only this memory model (default: for each twin those that show it, until it falls)',
      ).choices(['sc', 'tso', 'weak']),
    )
    .addOption(
      new Option('--time <time>', 'stress: time for each twin at the most')
        .argParser(argument(parseDuration))
        .default(10, '10s'),
    )
    .addOption(
      new Option('--schedules <count>', 'sample: schedules for each twin at the most')
        .argParser(argument(parseCount))
        .default(50_000),
    )
    .addOption(
      new Option('--max-states <count>', 'verify: states under one model at the most')
        .argParser(argument(parseCount))
        .default(1_000_000),
    )
    .addOption(
      new Option('--repeat <count>', 'try each twin so often; it must fall every time')
        .argParser(argument(parseCount))
        .default(1),
    )
    .option(
      '--control',
      'check the checkers: by verify, each twin without the checks of its own invariants, which must survive',
    )
    .action(async (ids: readonly string[], options: Options, command: Command) => {
      const twins = ids.length === 0 ? library.mutants : ids.map((id) => findTwin(library, id));
      if (options.control === true && (options.engine ?? 'verify') !== 'verify') {
        throw new UsageError(
          `Expected --control without --engine, or with --engine verify, got ${options.engine}.`,
        );
      }
      const session = await openSession('zoo', io, reportOptions(command));
      await walkTheZoo(session, library, [...new Set(twins)], options);
    });
}

function findTwin({ mutants }: Library, id: string) {
  return findByName('broken twin', id, mutants, (one) => one.id);
}

async function walkTheZoo(
  session: Session,
  library: Library,
  twins: Library['mutants'],
  options: Options,
): Promise<void> {
  sayHeading(session);
  const { seed } = session.options;
  const shown = library.scenarios.filter(({ name }) =>
    twins.some((twin) => twin.scenario === name),
  );
  const engines = options.engine === undefined ? ZOO_ENGINES : [options.engine];
  const columns =
    options.control === true
      ? [controlTrials(twins, options.model)]
      : engines.map((engine) => trialsOf(engine, shown, twins, options.model));
  const count = columns.reduce((sum, trials) => sum + trials.length, 0);
  const stop = new AbortController();
  const forget = session.io.onInterrupt(() => stop.abort());
  const results: Graded[] = [];
  let place = 0;
  try {
    for (const trials of columns) {
      const graded = await runTrials(trials, {
        engines: library,
        seed,
        budget: {
          seconds: options.time,
          referenceSeconds: Math.min(REFERENCE_SECONDS, options.time),
          schedules: options.schedules,
          referenceSchedules: Math.min(REFERENCE_SCHEDULES, options.schedules),
          states: options.maxStates,
          referenceStates: Math.min(REFERENCE_STATES, options.maxStates),
          repeat: options.repeat,
        },
        atATime: session.head.machine.cores,
        signal: stop.signal,
        onStart: (trial) => {
          place++;
          session.progress.show({ trial: inWords(trial), place, count });
        },
        onResult: (result) => sayIfSurprising(session, result, stop.signal),
      });
      results.push(...graded);
    }
  } finally {
    session.progress.clear();
    forget();
  }
  await close(session, results);
}

/** What should not be so is told at once. */
function sayIfSurprising(session: Session, result: Graded, signal: AbortSignal): void {
  if (signal.aborted || meaning(result) === 'pass') return;
  session.progress.clear();
  session.say(surpriseLines([result], session.page).slice(0, -1));
}

async function close(session: Session, results: readonly Graded[]): Promise<void> {
  const { page, options, io } = session;
  const report = { ...session.head, results };
  session.say(options.quiet ? [zooVerdictLine(report, page)] : ['', ...zooLines(report, page)]);
  io.exitCode = exitCodeOf(results);
  await writeDocuments(session, documentOf(report), () => zooHtml(report));
}

function inWords({ engine, mutant, scenario, models }: Trial): string {
  const under = models.length === 1 ? ` under ${models[0]}` : '';
  return `${engine}${under}: ${mutant ?? `the reference of ${scenario}`}`;
}
