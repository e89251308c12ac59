import type { Expectation, OutcomeCount } from '../engines/result.ts';
import { grouped, percent } from './numbers.ts';
import type { Page, Palette } from './page.ts';
import { indented, padLeft, plain, width, wrap } from './text.ts';

const EXPECTATIONS: readonly Expectation[] = ['ACCEPTABLE', 'INTERESTING', 'FORBIDDEN'];
const HEAD = ['RESULT', 'SAMPLES', 'FREQ', 'EXPECT', 'DESCRIPTION'] as const;
/** Descriptions narrower than this go below their rows. */
const NARROWEST_DESCRIPTION = 24;
const INDENT = 2;
const GAP = 2;

type Cells = readonly [result: string, samples: string, frequency: string, expect: string];

/** Rows as they are shown: what is fine first, what is forbidden last, the most frequent first. */
export function sortedOutcomes(outcomes: readonly OutcomeCount[]): readonly OutcomeCount[] {
  return [...outcomes].sort(
    (a, b) =>
      EXPECTATIONS.indexOf(a.expect) - EXPECTATIONS.indexOf(b.expect) ||
      b.count - a.count ||
      (a.outcome < b.outcome ? -1 : 1),
  );
}

/** The table of outcomes in the manner of jcstress. Outcomes that were never seen have their rows too. */
export function outcomeTable(outcomes: readonly OutcomeCount[], page: Page): readonly string[] {
  const rows = sortedOutcomes(outcomes);
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  const cells = rows.map((row) => cellsOf(row, total));
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(width(HEAD[column]!), ...cells.map((row) => width(row[column]!))),
  );
  const left = INDENT + widths.reduce((sum, each) => sum + each + GAP, 0);
  const room = page.columns - left;
  if (room < NARROWEST_DESCRIPTION)
    return rows.flatMap((row, index) => stacked(row, cells[index]!, page));
  const head = [...HEAD.slice(0, 4).map((text, column) => padLeft(text, widths[column]!)), HEAD[4]];
  return [
    page.palette.faint(' '.repeat(INDENT) + head.join(' '.repeat(GAP))),
    ...rows.flatMap((row, index) => tabled(row, cells[index]!, widths, room, page.palette)),
  ];
}

function cellsOf(row: OutcomeCount, total: number): Cells {
  return [
    plain(row.outcome),
    grouped(row.count),
    percent(row.count, total),
    expectation(row.expect),
  ];
}

function tabled(
  row: OutcomeCount,
  cells: Cells,
  widths: readonly number[],
  room: number,
  palette: Palette,
): readonly string[] {
  const paint = paintOf(row, palette);
  const [description = '', ...more] = wrap(row.description, room);
  const padded = cells.map((text, column) => padLeft(text, widths[column]!)).join(' '.repeat(GAP));
  const margin = ' '.repeat(INDENT + width(padded) + GAP);
  const first = ' '.repeat(INDENT) + padded + ' '.repeat(GAP) + description;
  return [first.trimEnd(), ...more.map((line) => margin + line)].map(paint);
}

/** A row of a table that is too wide for the page. */
function stacked(row: OutcomeCount, cells: Cells, page: Page): readonly string[] {
  const [result, samples, frequency, expect] = cells;
  return [
    ...indented(`${result}: ${samples} (${frequency}) ${expect}`, page.columns, INDENT),
    ...indented(row.description, page.columns, 2 * INDENT),
  ].map(paintOf(row, page.palette));
}

function paintOf(row: OutcomeCount, palette: Palette): (text: string) => string {
  if (row.count === 0) return palette.faint;
  if (row.expect === 'FORBIDDEN') return palette.bad;
  return row.expect === 'INTERESTING' ? palette.warning : (text) => text;
}

/** `FORBIDDEN` as it is printed: `Forbidden`. */
export function expectation(expect: Expectation): string {
  return expect[0] + expect.slice(1).toLowerCase();
}
