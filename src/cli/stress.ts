import { type Command, Option } from 'commander';
import type { StressOptions } from '../engines/stress/options.ts';
import type { AccessMode } from '../memory/shared-memory.ts';
import { resultLines } from '../report/result-lines.ts';
import { indented } from '../report/text.ts';
import { argument } from './argument.ts';
import { parseDuration } from './duration.ts';
import { SAVE_OPTION, saveSchedule, searchCommand } from './failure-again.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { type OwnScenario, ownScenario, runName, SCENARIO_OPTION } from './own-scenario.ts';
import { type Explain, race } from './race.ts';
import { reportOptions } from './report-options.ts';
import { type Selection, select } from './selection.ts';
import { checkFile, closeRun, openSession, type Session, sayHeading } from './session.ts';
import { parseVcpuCount } from './vcpu-count.ts';

interface Options {
  readonly scenario?: string;
  readonly mutant?: string;
  readonly guest?: string;
  readonly vcpus?: number;
  readonly time: number;
  readonly access: AccessMode;
  readonly save?: string;
}

/** Runs of up to so many scenarios show the tables of those that passed too. */
const FEW = 3;

/** `pvrace stress`: races scenarios on real threads. */
export function addStressCommand(program: Command, io: Io, library: Library): void {
  program
    .command('stress')
    .summary('race scenarios on real threads')
    .description('Races scenarios on real threads, one thread for each vCPU and each host thread.')
    .argument(
      '[scenario...]',
      'names of scenarios; without any, all of them (with --mutant: the one that shows it)',
    )
    .option(...SCENARIO_OPTION)
    .option('--mutant <id>', 'put a broken twin in place of the reference')
    .option('--guest <file>', 'put the roles that this ES module exports in place of the reference')
    .addOption(
      new Option('--vcpus <count>', 'vCPUs, 1 to 64 (default: as the scenario says)').argParser(
        argument(parseVcpuCount),
      ),
    )
    .addOption(
      new Option('--time <time>', 'time for each scenario: 500ms, 10s, 2m, 1h')
        .argParser(argument(parseDuration))
        .default(10, '10s'),
    )
    .addOption(
      new Option('--access <mode>', 'how memory is accessed; plain lets store buffers show')
        .choices(['atomic', 'plain'])
        .default('plain'),
    )
    .option(...SAVE_OPTION)
    .action(async (names: readonly string[], options: Options, command: Command) => {
      const { guest } = options;
      const guestRoles = guest === undefined ? undefined : await library.guestRoles(guest);
      const own = await ownScenario(library, options.scenario);
      const selection = select(library, { names, ...options, own: own?.entry, guestRoles });
      const session = await openSession('stress', io, reportOptions(command));
      await checkFile(io, '--save', options.save, session.options.html);
      sayHeading(session);
      sayLimits(session, selection);
      await raceThem(session, library, selection, options, own);
    });
}

async function raceThem(
  session: Session,
  library: Library,
  selection: Selection,
  options: Options,
  own: OwnScenario | undefined,
): Promise<void> {
  const { quiet } = session.options;
  const races = selection.scenarios.map((scenario) =>
    stressOptions(runName(scenario.name, own), session, selection, options),
  );
  const detail = !quiet && races.length <= FEW ? 'full' : 'brief';
  const results = await race(
    races,
    library,
    session,
    (result) => {
      if (!quiet || result.verdict !== 'pass')
        session.say(resultLines(result, detail, session.page));
    },
    explainBy(session, library, options.save, races.length),
  );
  await closeRun(session, results);
}

/** Looks for a schedule of each failure, and saves the first one where that is asked for. */
function explainBy(
  session: Session,
  library: Library,
  file: string | undefined,
  count: number,
): Explain {
  let saved = false;
  return async (broken, { scenario, mutant, guest, seed, signal }) => {
    const subject = {
      scenario,
      ...(mutant === undefined ? {} : { mutant }),
      ...(guest === undefined ? {} : { guest }),
      ...(seed === undefined ? {} : { seed }),
    };
    const none = { frontier: 0, depth: 0, bytes: 0, place: 1, count };
    const explained = await library.findSchedule(broken, {
      ...subject,
      signal,
      onProgress: (states, elapsed) =>
        session.progress.show({
          ...none,
          scenario: `a schedule of ${broken.scenario}`,
          states,
          elapsed,
        }),
    });
    if (explained.moves === undefined) return explained;
    if (file === undefined || saved) {
      return { ...explained, replay: searchCommand(subject, explained) };
    }
    saved = true;
    return { ...explained, replay: await saveSchedule(session, subject, explained, file) };
  };
}

function stressOptions(
  scenario: string | URL,
  { options }: Session,
  selection: Selection,
  wanted: Options,
): StressOptions {
  const { guest, vcpus, time, access } = wanted;
  return {
    scenario,
    ...(selection.mutant === undefined ? {} : { mutant: selection.mutant.id }),
    ...(guest === undefined ? {} : { guest }),
    ...(vcpus === undefined ? {} : { vcpus }),
    seconds: time,
    access,
    seed: options.seed,
  };
}

/** Says beforehand that a pass of this twin is no surprise. */
function sayLimits({ options, say, page }: Session, { mutant }: Selection): void {
  if (options.quiet || mutant?.notOnThreads === undefined) return;
  say(
    indented(
      `Note: real threads do not show ${mutant.id}: ${mutant.notOnThreads}`,
      page.columns,
      0,
    ),
  );
}
