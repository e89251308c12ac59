import { type KillMatrix, type KillTotal, killMatrix } from './kill-matrix.ts';
import { compact, counted, span } from './numbers.ts';
import type { Page } from './page.ts';
import { type Report, type ReportedResult, subject, wholeVerdict } from './report.ts';
import { indented, padRight, plain, width, wrap } from './text.ts';

const GAP = 2;
/** What the engines count. */
const UNITS: Readonly<Record<string, string>> = {
  stress: 'operations',
  sample: 'schedules',
  verify: 'states',
};

/** The kill matrix: a row for each twin, a column for each engine; then what should not be so; then totals. */
export function zooLines(report: Report, page: Page): readonly string[] {
  const matrix = killMatrix(report.results);
  return [
    ...matrixLines(matrix, page),
    '',
    ...surpriseLines(matrix.surprises, page),
    ...matrix.totals.flatMap((total) => wrap(totalInWords(total), page.columns)),
    zooVerdictLine(report, page),
  ];
}

/** The whole run in one line, never wrapped. */
export function zooVerdictLine({ results }: Report, page: Page): string {
  const verdict = wholeVerdict(results);
  const { good, warning, bad } = page.palette;
  const paint = verdict === 'pass' ? good : verdict === 'incomplete' ? warning : bad;
  return `${paint(verdict.toUpperCase())}: ${zooVerdictInWords(results)}`;
}

/** What became of all twins and references, in a sentence without the verdict. */
export function zooVerdictInWords(results: readonly ReportedResult[]): string {
  if (results.length === 0) return 'nothing was run';
  const { totals } = killMatrix(results);
  const sum = (of: (total: KillTotal) => number): number =>
    totals.reduce((all, total) => all + of(total), 0);
  const [killed, visible, alarms] = [
    sum((total) => total.killed),
    sum((total) => total.visible),
    sum((total) => total.falseAlarms),
  ];
  const notRun = sum((total) => total.notRun);
  const survived = visible - killed - notRun;
  if (totals.some(({ control }) => control)) {
    return `${survived} of ${counted(visible, 'twin')} survive without the checks of their own invariants`;
  }
  return [
    `${killed} of ${counted(visible, 'trial')} with a visible twin killed it`,
    ...(survived === 0 ? [] : [`${survived} survived`]),
    ...(notRun === 0 ? [] : [`${notRun} not run`]),
    counted(alarms, 'false alarm'),
  ].join(', ');
}

/** What one engine came to. */
export function totalInWords(total: KillTotal): string {
  const { engine, killed, visible, notVisible, medianSeconds, references, falseAlarms } = total;
  if (total.control) {
    return `${engine}: without the checks of their own invariants ${visible - killed} of ${counted(visible, 'visible twin')} survive; ${notVisible} not visible to it.`;
  }
  const median = killed === 0 ? '' : `, median ${span(medianSeconds)}`;
  return `${engine}: ${killed} of ${counted(visible, 'visible twin')} killed${median}; ${notVisible} not visible to it; ${counted(falseAlarms, 'false alarm')} in ${counted(references, 'reference run')}.`;
}

/** One cell in a few words. */
export function cellInWords(result: ReportedResult | undefined): string {
  if (result === undefined) return '';
  const { killed, seconds, executions, engine, model, repeated } = result;
  if (killed === 'not-visible') return 'not visible';
  if (result.notRun === true) return 'not run';
  if (result.control === true && killed === 'survived') return 'survives unchecked';
  const times = repeated === undefined ? '' : ` ${repeated.kills}/${repeated.runs}`;
  if (killed === 'survived') return `SURVIVED${times}`;
  const broken = result.verdict === 'fail' ? ` ${plain(result.invariant)}` : '';
  const under = model === undefined ? '' : ` ${model}`;
  const took = executions === undefined ? '' : `, ${compact(executions)} ${UNITS[engine] ?? ''}`;
  return `killed${times}${broken}${under} ${span(seconds)}${took}`;
}

function matrixLines({ engines, rows }: KillMatrix, page: Page): readonly string[] {
  const cells = rows.map(({ twin, cells: row }) => [plain(twin), ...row.map(cellInWords)]);
  const heads = ['TWIN', ...engines.map((engine) => engine.toUpperCase())];
  const widths = heads.map((head, column) =>
    Math.max(width(head), ...cells.map((row) => width(row[column]!))),
  );
  const all = widths.reduce((sum, each) => sum + each + GAP, -GAP);
  if (all > page.columns) return cells.flatMap((row) => stacked(row, heads, page));
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => padRight(text, widths[column]!))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [page.palette.faint(line(heads)), ...cells.map((row) => paintOf(row, page)(line(row)))];
}

/** A row of a table that is too wide for the page. */
function stacked([twin, ...cells]: readonly string[], heads: readonly string[], page: Page) {
  return [
    page.palette.strong(twin!),
    ...cells.flatMap((text, column) =>
      indented(`${heads[column + 1]}: ${text}`, page.columns, GAP).map(paintOf([text], page)),
    ),
  ];
}

function paintOf(cells: readonly string[], { palette }: Page): (text: string) => string {
  if (cells.some((text) => text.startsWith('SURVIVED'))) return palette.warning;
  return cells.slice(1).every((text) => text === 'not visible') && cells.length > 1
    ? palette.faint
    : (text) => text;
}

/** What should not be so: twins that survived, references that fell. */
export function surpriseLines(surprises: readonly ReportedResult[], page: Page): readonly string[] {
  if (surprises.length === 0) return [];
  return [
    ...surprises.flatMap((result) => {
      const under = result.model === undefined ? '' : ` under ${result.model}`;
      const what =
        result.killed === 'killed'
          ? result.control === true
            ? 'FALLS UNCHECKED'
            : 'FALSE ALARM'
          : result.verdict === 'error'
            ? 'ERROR'
            : 'SURVIVED';
      const words = `${what} ${result.engine}${under}: ${plain(subject(result))}. ${plain(result.reason ?? '')}`;
      const told = result.verdict === 'fail' ? ` ${plain(result.message)}` : '';
      return wrap(words + told, page.columns).map(
        what === 'SURVIVED' ? page.palette.warning : page.palette.bad,
      );
    }),
    '',
  ];
}
