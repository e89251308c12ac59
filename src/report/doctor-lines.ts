import type { Diagnosis } from '../engines/stress/diagnosis.ts';
import { compact, counted } from './numbers.ts';
import type { Page } from './page.ts';
import { indented, padLeft, plain, width, wrap } from './text.ts';

const HEAD = ['ACCESS', 'COLLISIONS/S', 'STORE BUFFERING'];

/** What this machine can show, in words; the last line says it in one. */
export function doctorLines(diagnosis: Diagnosis, page: Page): readonly string[] {
  const { node, platform, cores, availableParallelism, pause, notes } = diagnosis;
  const pausing = pause
    ? 'spinning threads pause'
    : 'spinning threads cannot pause (no Atomics.pause in this Node)';
  return [
    ...wrap(`Node ${node} on ${platform}`, page.columns),
    ...wrap(
      `${counted(cores, 'core')}, ${availableParallelism} usable by this process`,
      page.columns,
    ),
    ...wrap(pausing, page.columns),
    '',
    ...accessTable(diagnosis, page),
    '',
    ...notes.flatMap((note) => wrap(note, page.columns)),
    diagnosisLine(diagnosis, page),
  ];
}

/** The diagnosis in one line, never wrapped. */
export function diagnosisLine({ sensitivity }: Diagnosis, page: Page): string {
  return sensitivity > 0
    ? `${page.palette.good('OK')}: races show here, ${compact(sensitivity)} canary collisions per second`
    : `${page.palette.warning('BLIND')}: no race shows here, the canary never collided`;
}

function accessTable({ accessModes }: Diagnosis, page: Page): readonly string[] {
  const rows = accessModes.map((mode) => [
    plain(mode.access),
    compact(mode.canaryCollisionsPerSecond),
    `${compact(mode.storeBufferingPerMillion)} per million`,
  ]);
  const widths = HEAD.map((head, column) =>
    Math.max(width(head), ...rows.map((row) => width(row[column]!))),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => padLeft(cell, widths[column]!)).join('  ')}`;
  if (width(line(HEAD)) > page.columns) {
    return rows.flatMap(([access, collisions, buffering]) =>
      indented(
        `${access}: ${collisions} collisions/s, store buffering ${buffering}`,
        page.columns,
        2,
      ),
    );
  }
  return [page.palette.faint(line(HEAD)), ...rows.map(line)];
}
