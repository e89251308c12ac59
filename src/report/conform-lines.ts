import type { Facts, GroupResult, Mismatch } from '../conformance/result.ts';
import { conformVerdict } from './conform-document.ts';
import { counted, grouped } from './numbers.ts';
import type { Page } from './page.ts';
import { indented, padLeft, padRight, plain, width } from './text.ts';

const HEAD = ['GROUP', 'ROWS', 'MATCHED', 'SKIPPED', 'MISMATCHED'];
const INDENT = 2;
/** Mismatches of one group that are shown in full; `--json` has all. */
const MOST_SHOWN = 5;

/** What became of each group, why rows were skipped, and what differs. */
export function conformLines(
  results: readonly GroupResult[],
  page: Page,
  quiet = false,
): readonly string[] {
  const differing = results.flatMap((result) => mismatchLines(result, page));
  if (quiet) return [...differing, conformLine(results, page)];
  const reasons = results.flatMap((result) => reasonLines(result, page));
  return [
    ...table(results, page),
    ...(reasons.length === 0 ? [] : ['', ...reasons]),
    ...(differing.length === 0 ? [] : ['', ...differing]),
    '',
    conformLine(results, page),
  ];
}

/** All of it in one line, never wrapped. */
export function conformLine(results: readonly GroupResult[], { palette }: Page): string {
  const rows = sum(results.map((result) => result.rows));
  const differing = sum(results.map(({ mismatches }) => mismatches.length));
  const skipped = sum(results.map((result) => result.skipped));
  if (conformVerdict(results) === 'fail') {
    return `${palette.bad('FAIL')}: the model differs from KVM in ${counted(differing, 'row')} of ${grouped(rows)}`;
  }
  const but = skipped === 0 ? '' : `, ${grouped(skipped)} skipped by their tags`;
  return `${palette.good('PASS')}: the model answers as KVM did in ${counted(rows - skipped, 'row')}${but}`;
}

function table(results: readonly GroupResult[], { palette, columns }: Page): readonly string[] {
  const rows = results.map((result) => [
    plain(result.group),
    grouped(result.rows),
    grouped(result.matched),
    grouped(result.skipped),
    grouped(result.mismatches.length),
  ]);
  const widths = HEAD.map((head, column) =>
    Math.max(width(head), ...rows.map((row) => width(row[column]!))),
  );
  const line = (cells: readonly string[]): string =>
    ' '.repeat(INDENT) +
    cells
      .map((cell, column) => (column === 0 ? padRight : padLeft)(cell, widths[column]!))
      .join('  ');
  if (width(line(HEAD)) > columns) {
    return rows.flatMap(([group, all, matched, skipped, differing]) =>
      indented(
        `${group}: ${matched} of ${all} matched, ${skipped} skipped, ${differing} mismatched`,
        columns,
        INDENT,
      ),
    );
  }
  return [
    palette.faint(line(HEAD)),
    ...rows.map((row, index) => {
      const bad = results[index]!.mismatches.length > 0;
      return bad ? palette.bad(line(row)) : line(row);
    }),
  ];
}

function reasonLines({ group, reasons }: GroupResult, page: Page): readonly string[] {
  return Object.entries(reasons).flatMap(([tag, rows]) =>
    indented(
      `${plain(group)}: ${counted(rows, 'row')} skipped, tagged ${plain(tag)}`,
      page.columns,
      INDENT,
    ),
  );
}

function mismatchLines({ file, group, mismatches }: GroupResult, page: Page): readonly string[] {
  const shown = mismatches.slice(0, MOST_SHOWN);
  const more = mismatches.length - shown.length;
  return [
    ...shown.flatMap((mismatch) => oneMismatch(`${file}: ${group}`, mismatch, page)),
    ...(more === 0
      ? []
      : indented(`and ${counted(more, 'row')} more of ${plain(group)}`, page.columns, INDENT)),
  ];
}

function oneMismatch(
  place: string,
  { row, input, expected, got }: Mismatch,
  page: Page,
): readonly string[] {
  const { columns, palette } = page;
  const line = (text: string, indent: number): readonly string[] =>
    indented(plain(text), columns, indent);
  return [
    ...line(`${place}, row ${row}: ${inWords(input)}`, INDENT).map(palette.bad),
    ...line(`KVM:   ${inWords(expected)}`, 2 * INDENT),
    ...line(`model: ${inWords(got)}`, 2 * INDENT),
  ];
}

/** Facts as `name value, name value`. */
function inWords(facts: Facts): string {
  return Object.entries(facts)
    .map(([name, fact]) => `${name} ${typeof fact === 'string' ? fact : JSON.stringify(fact)}`)
    .join(', ');
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
