import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseReplay } from '../engines/replay/replay-file.ts';
import { UsageError } from '../engines/usage-error.ts';
import { resultLines } from '../report/result-lines.ts';
import { indented } from '../report/text.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { closeRun, openSession, type Session, sayHeading } from './session.ts';

/** `pvrace replay`: a failing schedule again, step by step. */
export function addReplayCommand(program: Command, io: Io, library: Library): void {
  program
    .command('replay')
    .summary('follow the schedule of a failure again')
    .description('Follows the schedule of a replay file (see --save of verify, sample and stress).')
    .argument('<file>', 'a replay file')
    .action(async (file: string, _: unknown, command: Command) => {
      const text = await textOf(file);
      const { version } = parseReplay(text);
      const session = await openSession('replay', io, reportOptions(command));
      sayHeading(session);
      sayVersion(session, version);
      const stop = new AbortController();
      const forget = io.onInterrupt(() => stop.abort());
      const result = await library.replay(text, stop.signal).finally(forget);
      session.say(resultLines(result, 'full', session.page));
      await closeRun(session, [result]);
    });
}

/** A file of another version may be followed all the same; who reads the result should know. */
function sayVersion({ say, head, page, options }: Session, version: string): void {
  if (options.quiet || version === head.version) return;
  const note = `Note: the file was written by pvrace ${version}, this is ${head.version}; its scenario may have changed since.`;
  say(indented(note, page.columns, 0));
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Expected a replay file, got ${file}: ${(error as Error).message}`);
  }
}
