import type { ReportedResult } from './report.ts';
import { meaning } from './report.ts';

/** A twin's row of the kill matrix: its result for each engine that was tried. */
export interface KillRow {
  readonly twin: string;
  readonly scenario: string;
  readonly cells: readonly (ReportedResult | undefined)[];
}

/** What one engine's column comes to. */
export interface KillTotal {
  readonly engine: string;
  /** Twins that the engine can show, and how many of those fell to an invariant of their own. */
  readonly visible: number;
  readonly killed: number;
  /** Of these twins, those whose turn did not come. */
  readonly notRun: number;
  readonly notVisible: number;
  /** Whether the twins ran without the checks of their own invariants: none of them may fall then. */
  readonly control: boolean;
  /** Median of the seconds that a kill took. */
  readonly medianSeconds: number;
  /** References that took the twins' places, and how many of them fell. */
  readonly references: number;
  readonly falseAlarms: number;
}

/** Twin by engine. */
export interface KillMatrix {
  readonly engines: readonly string[];
  readonly rows: readonly KillRow[];
  readonly totals: readonly KillTotal[];
  /** Twins that survived, and references that fell or could not be run. */
  readonly surprises: readonly ReportedResult[];
}

/** Sorts results of the zoo into rows and columns, in the order in which they came. */
export function killMatrix(results: readonly ReportedResult[]): KillMatrix {
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const twins = new Map<string, string>();
  for (const { mutant, scenario } of results) if (mutant !== undefined) twins.set(mutant, scenario);
  const rows = [...twins].map(([twin, scenario]) => ({
    twin,
    scenario,
    cells: engines.map((engine) =>
      results.find((result) => result.mutant === twin && result.engine === engine),
    ),
  }));
  return {
    engines,
    rows,
    totals: engines.map((engine) => totalOf(engine, results)),
    surprises: results.filter((result) => result.notRun !== true && meaning(result) !== 'pass'),
  };
}

function totalOf(engine: string, results: readonly ReportedResult[]): KillTotal {
  const column = results.filter((result) => result.engine === engine);
  const twins = column.filter(({ mutant }) => mutant !== undefined);
  const references = column.filter(({ mutant }) => mutant === undefined);
  const killed = twins.filter((twin) => twin.killed === 'killed');
  const notVisible = twins.filter((twin) => twin.killed === 'not-visible').length;
  const seconds = killed.map((twin) => twin.seconds).sort((a, b) => a - b);
  return {
    engine,
    visible: twins.length - notVisible,
    killed: killed.length,
    notRun: twins.filter((twin) => twin.notRun === true).length,
    notVisible,
    control: twins.some(({ control }) => control === true),
    medianSeconds: seconds[Math.floor(seconds.length / 2)] ?? 0,
    references: references.length,
    falseAlarms: references.filter((reference) => reference.killed === 'killed').length,
  };
}
