import { UsageError } from '../engines/usage-error.ts';

/** A whole number from 1 up, such as a number of states or runs. @throws UsageError */
export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && /^\d+$/.test(text)) return count;
  throw new UsageError(`Expected a whole number from 1 up, got ${JSON.stringify(text)}.`);
}
