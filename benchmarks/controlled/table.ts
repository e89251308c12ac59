import { compact, grouped } from '../../src/report/numbers.ts';
import type { Figure } from './figure.ts';

/** The columns: a head, how a figure fills it, and whether numbers stand in it. */
const COLUMNS: readonly {
  readonly head: string;
  readonly text: (figure: Figure) => string;
  readonly left?: boolean;
}[] = [
  { head: 'SUBJECT', text: ({ subject }) => subject, left: true },
  { head: 'MODEL', text: ({ model }) => model ?? '', left: true },
  { head: 'HOW', text: ({ how }) => how, left: true },
  { head: 'VERDICT', text: ({ ending }) => ending, left: true },
  { head: 'STATES', text: ({ states }) => whole(states) },
  { head: 'TRANSITIONS', text: ({ transitions }) => whole(transitions) },
  { head: 'SCHEDULES', text: ({ schedules }) => whole(schedules) },
  { head: 'TIME', text: ({ seconds }) => (seconds === undefined ? '' : time(seconds)) },
  { head: 'CPU', text: cpuShare },
  {
    head: 'PER SECOND',
    text: ({ perSecond }) => (perSecond === undefined ? '' : compact(perSecond)),
  },
  { head: 'BYTES/STATE', text: ({ bytesPerState }) => whole(bytesPerState) },
  { head: 'NOTE', text: note, left: true },
];

const GAP = '  ';

/** All figures as one table. */
export function table(figures: readonly Figure[]): readonly string[] {
  const rows = [
    COLUMNS.map(({ head }) => head),
    ...figures.map((figure) => COLUMNS.map(({ text }) => text(figure))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((text, column) =>
        COLUMNS[column]!.left === true
          ? text.padEnd(widths[column]!)
          : text.padStart(widths[column]!),
      )
      .join(GAP)
      .trimEnd(),
  );
}

function note({ why, ratio, ratioTo, steps, contextSwitches }: Figure): string {
  const notes = [
    ...(why === undefined ? [] : [why]),
    ...(ratio === undefined ? [] : [`${ratio.toPrecision(3)} x the time of ${ratioTo}`]),
    ...(steps === undefined ? [] : [`${steps} steps, ${contextSwitches} context switches`]),
  ];
  return notes.join('; ');
}

/** How much of the time the work had a core. */
function cpuShare({ seconds, cpuSeconds }: Figure): string {
  if (seconds === undefined || cpuSeconds === undefined) return '';
  return `${Math.round((100 * cpuSeconds) / seconds)}%`;
}

function whole(value: number | undefined): string {
  return value === undefined ? '' : grouped(value);
}

/** Times from microseconds to seconds, to three digits. */
function time(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}
