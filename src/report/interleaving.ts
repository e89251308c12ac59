import type { TraceStep } from '../engines/trace.ts';
import type { Page } from './page.ts';
import { padLeft, padRight, plain, width, wrap } from './text.ts';

/** Rows that are shown of a long schedule: so many from its start, and as many from its end. */
const SHOWN = 100;
const LEAST_COLUMN = 18;
const NUMBER = 4;
/** Stands above the steps of a livelock. */
const AGAIN = 'again and again:';

/**
 * A schedule in columns, one for each thread, one step in a row: who does what to which place, and what
 * it finds there. On narrow pages the columns become names in front of the steps.
 */
export function interleavingLines(schedule: readonly TraceStep[], page: Page): readonly string[] {
  const actors = actorsOf(schedule);
  const column = Math.floor((page.columns - NUMBER - 2) / actors.length) - 2;
  const rows =
    column < LEAST_COLUMN ? named(schedule, page) : inColumns(schedule, actors, column, page);
  if (rows.length <= 2 * SHOWN) return rows;
  const left = rows.length - 2 * SHOWN;
  return [...rows.slice(0, SHOWN), `  … ${left} lines …`, ...rows.slice(-SHOWN)];
}

/** Who takes steps in a schedule: threads by name, the clock last. */
export function actorsOf(schedule: readonly TraceStep[]): readonly string[] {
  return [...new Set(schedule.map(({ actor }) => actor))].sort(byName);
}

/** Threads by name, the clock last. */
function byName(a: string, b: string): number {
  if (a === 'clock' || b === 'clock') return a === 'clock' ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function inColumns(
  schedule: readonly TraceStep[],
  actors: readonly string[],
  column: number,
  { palette }: Page,
): readonly string[] {
  const head = actors.map((actor) => padRight(shortened(plain(actor), column), column)).join('  ');
  const lines = [palette.strong(`  ${' '.repeat(NUMBER)}${head}`.trimEnd())];
  schedule.forEach((step, index) => {
    if (loopBegins(schedule, index)) lines.push(palette.faint(`  ${AGAIN}`));
    const at = actors.indexOf(step.actor);
    const gap = ' '.repeat(at * (column + 2));
    const texts = wrapped(stepInWords(step), column);
    texts.forEach((text, line) => {
      const number = line === 0 ? padLeft(`${index + 1}`, NUMBER - 1) : ' '.repeat(NUMBER - 1);
      lines.push(`  ${palette.faint(number)} ${gap}${text}`);
    });
  });
  return lines;
}

function named(schedule: readonly TraceStep[], { columns, palette }: Page): readonly string[] {
  const longest = Math.max(...schedule.map(({ actor }) => width(plain(actor))));
  const names = Math.min(longest, Math.floor(columns / 3));
  return schedule.flatMap((step, index) => {
    const number = padLeft(`${index + 1}`, NUMBER - 1);
    const head = `  ${number} ${padRight(shortened(plain(step.actor), names), names)} `;
    const texts = wrapped(stepInWords(step), Math.max(6, columns - width(head)));
    const lines = texts.map((text, line) =>
      line === 0 ? palette.faint(head) + text : ' '.repeat(width(head)) + text,
    );
    return loopBegins(schedule, index) ? [palette.faint(`  ${AGAIN}`), ...lines] : lines;
  });
}

function loopBegins(schedule: readonly TraceStep[], index: number): boolean {
  return schedule[index]!.repeats === true && schedule[index - 1]?.repeats !== true;
}

/** What a step did, as short as it gets. */
export function stepInWords(step: TraceStep): string {
  const { action, answer, before, after } = step;
  const place = step.place === undefined ? '' : plain(step.place);
  switch (action) {
    case 'load': {
      const memory = shown(step, before);
      const from = step.forwarded === true ? ` (own store buffer; memory has ${memory})` : '';
      const old = step.stale === true ? ` (stale: ${memory} is newer)` : '';
      return `${place} → ${shown(step, answer)}${from}${old}`;
    }
    case 'store':
      return `${place} := ${shown(step, after)} (${storedInWords(step)})`;
    case 'drain':
      return `${place} := ${shown(step, after)} reaches memory (was ${shown(step, before)})`;
    case 'tick':
      return `tick ${after ?? ''}`;
    case 'rdtsc':
      return `rdtsc at tick ${answer ?? ''}`;
    case 'exit':
      return 'VM exit';
    case 'choose':
      return `choice ${answer ?? ''}`;
    case 'wake':
      return 'wakes up';
    case 'meet':
      return 'all others are done';
    case 'boundary':
      return '(instruction boundary)';
    case 'mb':
    case 'rmb':
    case 'wmb':
      return `${action}()`;
    default:
      return `lock ${action} ${place}: ${shown(step, before)} → ${shown(step, after)}`;
  }
}

/** What became of a store, and of the value before it. */
function storedInWords(step: TraceStep): string {
  const before = shown(step, step.before);
  if (step.buffered === true) return `buffered; memory has ${before}`;
  return step.overtaken === true ? `behind ${before}, which is newer` : `was ${before}`;
}

const MODES = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE'];

/** A value in the base that suits its place. */
function shown({ place = '' }: TraceStep, value: string | undefined): string {
  if (value === undefined) return '?';
  if (place.endsWith('.mode')) return MODES[Number(value)] ?? value;
  if (/^\d+$/.test(value) && /\.(requests|flags|preempted|kick)$|pv eoi/.test(place))
    return `0x${BigInt(value).toString(16)}`;
  return value;
}

/** Breaks a text into lines of at most so many columns; those below the first are set in. */
function wrapped(text: string, columns: number): readonly string[] {
  return wrap(text, columns - 2).map((line, index) => (index === 0 ? line : `  ${line}`));
}

function shortened(text: string, columns: number): string {
  return width(text) <= columns ? text : `${[...text].slice(0, columns - 1).join('')}…`;
}
