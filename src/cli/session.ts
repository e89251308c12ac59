import { resolve } from 'node:path';
import { UsageError } from '../engines/usage-error.ts';
import { documentOf, jsonText } from '../report/document.ts';
import { headingLines } from '../report/heading.ts';
import { htmlReport } from '../report/html-report.ts';
import { type Page, pageOf } from '../report/page.ts';
import { barProgress, lineProgress, noProgress, type ProgressDisplay } from '../report/progress.ts';
import type { Report, ReportedResult } from '../report/report.ts';
import { summaryLines } from '../report/summary.ts';
import { exitCodeOf } from './exit-code.ts';
import { EXIT, type Io, type Output } from './io.ts';
import type { ReportOptions } from './report-options.ts';
import { thisMachine } from './this-machine.ts';
import { packageVersion } from './version.ts';

/** One command at work: where its words, its progress and its documents go. */
export interface Session {
  readonly io: Io;
  readonly options: ReportOptions;
  /** What every report of this command starts with. */
  readonly head: Omit<Report, 'results'>;
  /** The page that people read. */
  readonly page: Page;
  readonly progress: ProgressDisplay;
  /** Writes lines for people: to stdout, or with `--json` to stderr. */
  say(lines: readonly string[]): void;
}

/** Opens a session, and finds out now rather than after the run whether its files can be written. */
export async function openSession(
  command: string,
  io: Io,
  options: ReportOptions,
): Promise<Session> {
  await checkFile(io, '--html', options.html);
  const people = options.json ? io.stderr : io.stdout;
  const page = pageOf(people.columns ?? columnsOf(io), coloured(people, io, options));
  return {
    io,
    options,
    head: { version: packageVersion(), command, seed: options.seed, machine: thisMachine() },
    page,
    progress: progressOf(io, options),
    say: (lines) => {
      if (lines.length > 0) people.write(`${lines.join('\n')}\n`);
    },
  };
}

/** What the environment says of the width, for pipes into a pager. */
function columnsOf({ env }: Io): number | undefined {
  return /^[1-9]\d{0,3}$/.test(env.COLUMNS ?? '') ? Number(env.COLUMNS) : undefined;
}

/** What a run says first. */
export function sayHeading({ options, say, head, page }: Session): void {
  if (!options.quiet) say(headingLines(head, page));
}

/** Says what a run came to, writes its documents, and sets the exit code. */
export async function closeRun(
  session: Session,
  results: readonly ReportedResult[],
): Promise<void> {
  const { io, page, head, options } = session;
  const report: Report = { ...head, results };
  const summary = summaryLines(report, page);
  session.say(options.quiet ? summary.slice(-1) : summary);
  io.exitCode = exitCodeOf(results);
  await writeDocuments(session, documentOf(report), () => htmlReport(report));
}

/** Writes what `--json` and `--html` ask for. */
export async function writeDocuments(
  { io, options }: Session,
  document: unknown,
  html: () => string,
): Promise<void> {
  if (options.json) io.stdout.write(jsonText(document));
  if (options.html === undefined || (await writeOr(io, '--html', options.html, html()))) return;
  if (io.exitCode === EXIT.clean) io.exitCode = EXIT.incomplete;
}

/** Writes a file; where that fails, says so and returns false: what was found is not lost for it. */
export async function writeOr(
  io: Io,
  option: string,
  path: string,
  text: string,
): Promise<boolean> {
  try {
    await io.writeFile(path, text);
    return true;
  } catch (error) {
    io.stderr.write(`error: ${option} ${path} could not be written: ${(error as Error).message}\n`);
    return false;
  }
}

/** Whether escape codes may go to a stream. */
export function coloured(
  stream: Output,
  { env }: Io,
  { color }: Pick<ReportOptions, 'color'>,
): boolean {
  const wanted = color && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return wanted && stream.isTTY === true;
}

function progressOf(io: Io, options: ReportOptions): ProgressDisplay {
  if (options.quiet) return noProgress;
  return coloured(io.stderr, io, options)
    ? barProgress(io.stderr)
    : lineProgress(io.stderr, io.now);
}

/**
 * Looks at a file before the run that is to fill it.
 *
 * @param other a file that something else goes to
 * @throws UsageError for one that cannot be written
 */
export async function checkFile(
  io: Io,
  option: string,
  path: string | undefined,
  other?: string | undefined,
): Promise<void> {
  if (path === undefined) return;
  if (path === '') throw new UsageError(`Expected ${option} FILE, got an empty name.`);
  if (other !== undefined && resolve(path) === resolve(other))
    throw new UsageError(`Expected ${option} FILE of its own, got ${path} twice.`);
  try {
    await io.checkWritable(path);
  } catch (error) {
    throw new UsageError(
      `Expected ${option} FILE that can be written, got ${path}: ${(error as Error).message}`,
    );
  }
}
