import { UsageError } from '../engines/usage-error.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };
const SHORTEST = 0.001;
/** Timers of JavaScript cannot count further than 24 days. */
const LONGEST = 576 * 3600;

/** Seconds of a text such as `500ms`, `10s`, `2m`, `1.5h`; a plain number is seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h)?$/.exec(text.trim());
  const seconds = match === null ? NaN : Number(match[1]) * UNITS[match[2] ?? 's']!;
  if (seconds >= SHORTEST && seconds <= LONGEST) return seconds;
  throw new UsageError(
    'Expected a time of 1ms to 576h, such as 500ms, 10s, 2m or 1h; a plain number is seconds.',
  );
}

/** Seconds as the shortest text that {@link parseDuration} reads back as the same. */
export function formatDuration(seconds: number): string {
  for (const unit of ['h', 'm', 's', 'ms']) {
    const value = Number((seconds / UNITS[unit]!).toFixed(9));
    const text = `${value}${unit}`;
    if (Number.isInteger(value) && parseDuration(text) === seconds) return text;
  }
  return `${seconds}s`;
}
