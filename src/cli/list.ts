import type { Command } from 'commander';
import { catalogueDocument } from '../report/catalogue.ts';
import { htmlOfLines } from '../report/html-page.ts';
import { listLines } from '../report/list-lines.ts';
import { pageOf } from '../report/page.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { openSession, writeDocuments } from './session.ts';

/** `pvrace list`: scenarios with their roles, broken twins, invariants. */
export function addListCommand(program: Command, io: Io, library: Library): void {
  program
    .command('list')
    .summary('scenarios, roles, broken twins and invariants')
    .description('Lists the scenarios with their roles, the broken twins and the invariants.')
    .action(async (_options: unknown, command: Command) => {
      const session = await openSession('list', io, reportOptions(command));
      if (!session.options.json) session.say(listLines(library, session.page));
      await writeDocuments(session, catalogueDocument(library), () =>
        htmlOfLines('pvrace list', listLines(library, pageOf(undefined, false))),
      );
    });
}
