import { type Command, Option } from 'commander';
import { benchLines } from '../report/bench-lines.ts';
import { headOf } from '../report/document.ts';
import { htmlOfLines } from '../report/html-page.ts';
import { pageOf } from '../report/page.ts';
import { plain } from '../report/text.ts';
import { argument } from './argument.ts';
import { parseDuration } from './duration.ts';
import { EXIT, type Io } from './io.ts';
import type { Library } from './library.ts';
import { reportOptions } from './report-options.ts';
import { openSession, sayHeading, writeDocuments } from './session.ts';
import { parseVcpuCount } from './vcpu-count.ts';

interface Options {
  readonly guest?: string;
  readonly vcpus?: number;
  readonly time: number;
}

/** `pvrace bench`: how fast guest algorithms are, beside the reference and beside C. */
export function addBenchCommand(program: Command, io: Io, library: Library): void {
  program
    .command('bench')
    .summary('measure guest algorithms beside the reference and C')
    .description(
      'Measures throughput, retries and latency of guest algorithms, beside the reference and native C in the same run.',
    )
    .argument('[workload...]', `names of workloads (${library.workloadNames.join(', ')})`)
    .option('--guest <file>', 'measure the roles that this ES module exports, beside the reference')
    .addOption(
      new Option(
        '--vcpus <count>',
        'most vCPUs, 1 to 64 (default: as many as there are cores)',
      ).argParser(argument(parseVcpuCount)),
    )
    .addOption(
      new Option('--time <time>', 'time for each row: 500ms, 10s, 2m')
        .argParser(argument(parseDuration))
        .default(5, '5s'),
    )
    .action(async (names: readonly string[], options: Options, command: Command) => {
      const session = await openSession('bench', io, reportOptions(command));
      sayHeading(session);
      const stop = new AbortController();
      const forget = io.onInterrupt(() => stop.abort());
      try {
        const report = await library.bench({
          workloads: names,
          seconds: options.time,
          signal: stop.signal,
          ...(options.guest === undefined ? {} : { guest: options.guest }),
          ...(options.vcpus === undefined ? {} : { vcpus: options.vcpus }),
          onRow: (workload, vcpus) => {
            if (!session.options.quiet) io.stderr.write(`measuring ${workload}, vCPUs: ${vcpus}\n`);
          },
        });
        session.say(benchLines(report, session.page));
        if (report.interrupted) io.exitCode = EXIT.incomplete;
        const verdict = report.interrupted ? 'incomplete' : 'pass';
        const document = { ...headOf(session.head), verdict, results: report.results };
        await writeDocuments(session, document, () =>
          htmlOfLines('pvrace bench', benchLines(report, pageOf(undefined, false))),
        );
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'MeasurementFailed') throw error;
        io.stderr.write(`error: ${plain(error.message)}\n`);
        io.exitCode = EXIT.incomplete;
      } finally {
        forget();
      }
    });
}
