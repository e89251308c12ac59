import { UsageError } from './usage-error.ts';

/** What a scenario has that it should not have. */
export function wrong(expected: string, got: unknown): UsageError {
  return new UsageError(`Expected ${expected} in a scenario, got ${describe(got)}.`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isWholeNumber(
  value: unknown,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** A function that returns what it comes to, and no promise or iterator of it. */
export function isPlainFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === 'function' && !/Async|Generator/.test(String(tagOf(value)));
}

/** In words and briefly. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') {
    const { name } = value;
    const kind = tagOf(value) === 'Function' ? 'function' : `${tagOf(value)}`;
    return name === '' ? `a ${kind}` : `the ${kind} ${name}`;
  }
  if (Array.isArray(value)) return value.length === 0 ? 'none' : 'an array';
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 6).join(', ')}`;
  }
  return String(value);
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
