import type { Command } from 'commander';
import type { GroupResult } from '../conformance/result.ts';
import { conformDocument, conformVerdict } from '../report/conform-document.ts';
import { conformLines } from '../report/conform-lines.ts';
import { htmlOfLines } from '../report/html-page.ts';
import { pageOf } from '../report/page.ts';
import { EXIT, type Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { openSession, sayHeading, writeDocuments } from './session.ts';

/** `pvrace conform`: the model against recordings of a real KVM. */
export function addConformCommand(program: Command, io: Io, library: Library): void {
  program
    .command('conform')
    .summary('hold the model against recordings of a real KVM')
    .description('Replays every row of recordings of a real KVM on the model of its host side.')
    .argument('<file...>', 'recordings, as JSON')
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      const session = await openSession('conform', io, reportOptions(command));
      const results: GroupResult[] = [];
      for (const file of files) results.push(...(await library.conform(file)));
      sayHeading(session);
      session.say(conformLines(results, session.page, session.options.quiet));
      if (conformVerdict(results) === 'fail') io.exitCode = EXIT.broken;
      await writeDocuments(session, conformDocument(session.head, results), () =>
        htmlOfLines('pvrace conform', conformLines(results, pageOf(undefined, false))),
      );
    });
}
