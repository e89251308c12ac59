import { type Command, Option } from 'commander';
import type { ModelName } from '../engines/controlled/models/memory-model.ts';
import type { VerifyOptions } from '../engines/verify/options.ts';
import { argument } from './argument.ts';
import { parseCount } from './count.ts';
import { SAVE_OPTION } from './failure-again.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { ownScenario, runName, SCENARIO_OPTION } from './own-scenario.ts';
import { reportOptions } from './report-options.ts';
import { runEach } from './run-each.ts';
import { select } from './selection.ts';
import { checkFile, openSession } from './session.ts';
import { parseVcpuCount } from './vcpu-count.ts';
import { workersOption } from './workers.ts';

interface Options {
  readonly scenario?: string;
  readonly mutant?: string;
  readonly guest?: string;
  readonly vcpus?: number;
  readonly save?: string;
  readonly model: ModelName;
  readonly bound?: number;
  readonly maxStates?: number;
  readonly workers: number;
}

/** `pvrace verify`: explores every interleaving. */
export function addVerifyCommand(program: Command, io: Io, library: Library): void {
  program
    .command('verify')
    .summary('explore every interleaving of small instances')
    .description('Explores every interleaving of a small instance of each scenario.')
    .argument(
      '[scenario...]',
      'names of scenarios; without any, all of them (with --mutant: the one that shows it)',
    )
    .option(...SCENARIO_OPTION)
    .option('--mutant <id>', 'put a broken twin in place of the reference')
    .option('--guest <file>', 'put the roles that this ES module exports in place of the reference')
    .addOption(
      new Option('--vcpus <count>', 'vCPUs (default: as the scenario says)').argParser(
        argument(parseVcpuCount),
      ),
    )
    .addOption(
      new Option('--model <name>', 'memory model: sequential consistency, x86, or weak')
        .choices(['sc', 'tso', 'weak'])
        .default('tso'),
    )
    .addOption(
      new Option(
        '--bound <calls>',
        'calls of each thread (default: as the scenario says)',
      ).argParser(argument(parseCount)),
    )
    .addOption(
      new Option('--max-states <count>', 'stop after so many states and say incomplete').argParser(
        argument(parseCount),
      ),
    )
    .addOption(workersOption())
    .option(...SAVE_OPTION)
    .action(async (names: readonly string[], options: Options, command: Command) => {
      const { guest } = options;
      const guestRoles = guest === undefined ? undefined : await library.guestRoles(guest);
      const own = await ownScenario(library, options.scenario);
      const selection = select(library, { names, ...options, own: own?.entry, guestRoles });
      const session = await openSession('verify', io, reportOptions(command));
      await checkFile(io, '--save', options.save, session.options.html);
      const runs = selection.scenarios.map(({ name }): VerifyOptions & { save?: string } => ({
        scenario: runName(name, own),
        ...(selection.mutant === undefined ? {} : { mutant: selection.mutant.id }),
        ...(guest === undefined ? {} : { guest }),
        ...(options.vcpus === undefined ? {} : { vcpus: options.vcpus }),
        ...(options.bound === undefined ? {} : { steps: options.bound }),
        ...(options.maxStates === undefined ? {} : { maxStates: options.maxStates }),
        model: options.model,
        seed: session.options.seed,
        ...(options.save === undefined ? {} : { save: options.save }),
      }));
      await runEach(session, runs, 'verify', options.workers, (run) => library.verify(run));
    });
}
