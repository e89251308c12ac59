import type { BenchReport, BenchResult } from '../engines/bench/index.ts';
import { compact } from './numbers.ts';
import type { Page } from './page.ts';
import { padLeft, plain, width, wrap } from './text.ts';

const HEAD = [
  'WORKLOAD',
  'VCPUS',
  'OPS/S',
  'RETRIES',
  'P50',
  'P99',
  'P99.9',
  'VS REFERENCE',
  'VS C',
];
const NOT_MEASURED = '–';

/** A benchmark as a table: a row for each workload and number of vCPUs. */
export function benchLines(report: BenchReport, page: Page): readonly string[] {
  const rows = report.results.map(cells);
  const widths = HEAD.map((head, column) =>
    Math.max(width(head), ...rows.map((row) => width(row[column]!))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : padLeft(cell, widths[column]!),
      )
      .join('  ');
  const table =
    width(line(HEAD)) <= page.columns
      ? [line(HEAD), ...rows.map(line)]
      : rows.flatMap((row) => narrow(row, page));
  return [...table, ...notes(report).flatMap((note) => wrap(note, page.columns))];
}

function cells(result: BenchResult): string[] {
  const { latencyNs: latency, retryRate } = result;
  const nanoseconds = (value: number | undefined): string =>
    value === undefined ? NOT_MEASURED : `${compact(value)} ns`;
  return [
    plain(result.variant === null ? result.workload : `${result.workload} (${result.variant})`),
    String(result.vcpus),
    compact(result.operationsPerSecond),
    retryRate === null ? NOT_MEASURED : `${(retryRate * 100).toFixed(2)}%`,
    nanoseconds(latency?.p50),
    nanoseconds(latency?.p99),
    nanoseconds(latency?.p999),
    ratio(result.ratioToReference),
    ratio(result.ratioToNative),
  ];
}

function ratio(value: number | null): string {
  return value === null ? NOT_MEASURED : `${value.toFixed(2)} ×`;
}

/** A row on a page too narrow for the table. */
function narrow(row: readonly string[], page: Page): readonly string[] {
  const rest = row.slice(1).map((cell, index) => `${HEAD[index + 1]!.toLowerCase()} ${cell}`);
  return wrap(`${row[0]}: ${rest.join(', ')}`, page.columns);
}

function notes({ results, nativeAbsent, interrupted }: BenchReport): string[] {
  const lines: string[] = [];
  const solo = results.find(
    ({ workload, vcpus }) => workload === 'pvclock-read-solo' && vcpus === 1,
  );
  const bare = results.find(({ workload }) => workload === 'bare-read');
  if (solo !== undefined && bare !== undefined && solo.guest === null) {
    const overhead = bare.operationsPerSecond / solo.operationsPerSecond - 1;
    lines.push(`The port costs ${(overhead * 100).toFixed(0)}% over a bare loop.`);
  }
  const weak = results.find(({ weakPerSecond }) => weakPerSecond !== null);
  if (weak !== undefined) {
    lines.push(
      `Store buffering: ${compact(weak.weakPerSecond!)} weak outcomes per second, ${ratio(weak.weakRatioToNative)} those of C.`,
    );
  }
  if (nativeAbsent !== undefined) lines.push(`Native C: not measured, ${plain(nativeAbsent)}.`);
  if (interrupted) lines.push('Interrupted: this is what was measured so far.');
  return lines;
}
