import type { Command } from 'commander';

/** The seed where none was given: the same on every machine. */
export const DEFAULT_SEED = 'pvrace';

/** How a command reports; the same for every command. */
export interface ReportOptions {
  readonly json: boolean;
  /** The file that gets the report as HTML. */
  readonly html?: string | undefined;
  readonly seed: string;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Adds the options that every command has; they may stand before or after the command's name. */
export function addReportOptions(program: Command): void {
  program
    .option('--json', 'print one JSON document on stdout; words and progress go to stderr')
    .option('--html <file>', 'write the report to a self-contained HTML file too')
    .option('--seed <text>', 'seed of patterns and pacing: any text', DEFAULT_SEED)
    .option('--quiet', 'only what is broken, and the last line')
    .option('--no-color', 'no colours');
}

/** The options of {@link addReportOptions}, as they came. */
export function reportOptions(command: Command): ReportOptions {
  const {
    json = false,
    quiet = false,
    html,
    seed,
    color,
  } = command.optsWithGlobals<ReportOptions>();
  return { json, quiet, html, seed, color };
}
