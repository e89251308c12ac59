import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '../engines/usage-error.ts';
import { resultLines } from '../report/result-lines.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { closeRun, openSession, sayHeading } from './session.ts';

/** `pvrace replay`: a failing schedule again, step by step. */
export function addReplayCommand(program: Command, io: Io, library: Library): void {
  program
    .command('replay')
    .summary('follow the schedule of a failure again')
    .description('Follows the schedule of a replay file (see --save of verify and sample).')
    .argument('<file>', 'a replay file')
    .action(async (file: string, _: unknown, command: Command) => {
      const text = await textOf(file);
      const session = await openSession('replay', io, reportOptions(command));
      sayHeading(session);
      const result = await library.replay(text);
      session.say(resultLines(result, 'full', session.page));
      await closeRun(session, [result]);
    });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Expected a replay file, got ${file}: ${(error as Error).message}`);
  }
}
