import type { Command } from 'commander';
import { doctorLines } from '../report/doctor-lines.ts';
import { headOf } from '../report/document.ts';
import { htmlOfLines } from '../report/html-page.ts';
import { pageOf } from '../report/page.ts';
import type { Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { openSession, writeDocuments } from './session.ts';

/** `pvrace doctor`: what this machine and this Node can show of races. */
export function addDoctorCommand(program: Command, io: Io, library: Library): void {
  program
    .command('doctor')
    .summary('what this machine can and cannot show')
    .description(
      'Measures how well races show on this machine: cores, access modes, race sensitivity.',
    )
    .action(async (_options: unknown, command: Command) => {
      const session = await openSession('doctor', io, reportOptions(command));
      const diagnosis = await library.diagnose();
      const lines = doctorLines(diagnosis, session.page);
      session.say(session.options.quiet ? lines.slice(-1) : lines);
      const document = { ...headOf(session.head), verdict: 'pass', results: [], diagnosis };
      await writeDocuments(session, document, () =>
        htmlOfLines('pvrace doctor', doctorLines(diagnosis, pageOf(undefined, false))),
      );
    });
}
