import { Command, CommanderError } from 'commander';
import { UsageError } from '../engines/usage-error.ts';
import { plain } from '../report/text.ts';
import { addBenchCommand } from './bench.ts';
import { addConformCommand } from './conform.ts';
import { addDoctorCommand } from './doctor.ts';
import { EXIT, type Io } from './io.ts';
import type { Library } from './library.ts';
import { addListCommand } from './list.ts';
import { addReplayCommand } from './replay.ts';
import { addReportOptions } from './report-options.ts';
import { addSampleCommand } from './sample.ts';
import { addStressCommand } from './stress.ts';
import { addTourCommand } from './tour.ts';
import { addVerifyCommand } from './verify.ts';
import { packageVersion } from './version.ts';
import { addZooCommand } from './zoo.ts';

/** The commands, in the order of `--help`. Each is one file. */
const COMMANDS = [
  addTourCommand,
  addListCommand,
  addDoctorCommand,
  addStressCommand,
  addSampleCommand,
  addVerifyCommand,
  addReplayCommand,
  addZooCommand,
  addBenchCommand,
  addConformCommand,
];

/** Runs a command line (without node and script) and leaves its exit code in `io`. Never throws. */
export async function run(words: readonly string[], io: Io, library: Library): Promise<void> {
  try {
    await buildProgram(io, library).parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      io.exitCode = error.exitCode === 0 ? EXIT.clean : EXIT.usage;
    } else if (error instanceof UsageError) {
      io.stderr.write(`error: ${plain(error.message)}\n`);
      io.exitCode = EXIT.usage;
    } else {
      io.stderr.write(`error: ${faultOf(error, io)}\n`);
      io.exitCode = EXIT.incomplete;
    }
  }
}

/** The command line as commander sees it, with all its output going to `io`. */
export function buildProgram(io: Io, library: Library): Command {
  const program = new Command('pvrace')
    .description("Races the guest side of KVM's paravirtual interface against a faithful host.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help to see what is possible)');
  addReportOptions(program);
  for (const add of COMMANDS) add(program, io, library);
  return program;
}

/** An error that no user can help: what it says, and on demand where it comes from. */
function faultOf(error: unknown, { env }: Io): string {
  if (!(error instanceof Error)) return plain(String(error));
  return env.PVRACE_DEBUG === undefined
    ? `${plain(error.message)}\n(a fault of pvrace itself; PVRACE_DEBUG=1 shows where)`
    : (error.stack ?? error.message);
}
