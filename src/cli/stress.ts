import { type Command, Option } from 'commander';
import type { StressOptions } from '../engines/stress/options.ts';
import type { AccessMode } from '../memory/shared-memory.ts';
import { resultLines } from '../report/result-lines.ts';
import { indented } from '../report/text.ts';
import { argument } from './argument.ts';
import { parseDuration } from './duration.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { type OwnScenario, ownScenario, runName, SCENARIO_OPTION } from './own-scenario.ts';
import { race } from './race.ts';
import { reportOptions } from './report-options.ts';
import { type Selection, select } from './selection.ts';
import { closeRun, openSession, type Session, sayHeading } from './session.ts';
import { parseVcpuCount } from './vcpu-count.ts';

interface Options {
  readonly scenario?: string;
  readonly mutant?: string;
  readonly guest?: string;
  readonly vcpus?: number;
  readonly time: number;
  readonly access: AccessMode;
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
    .action(async (names: readonly string[], options: Options, command: Command) => {
      const { guest } = options;
      const guestRoles = guest === undefined ? undefined : await library.guestRoles(guest);
      const own = await ownScenario(library, options.scenario);
      const selection = select(library, { names, ...options, own: own?.entry, guestRoles });
      const session = await openSession('stress', io, reportOptions(command));
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
  const results = await race(races, library, session, (result) => {
    if (!quiet || result.verdict !== 'pass') session.say(resultLines(result, detail, session.page));
  });
  await closeRun(session, results);
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
