import { UsageError } from '../engines/usage-error.ts';

const MOST = 64;

/** How many vCPUs, from a whole number of 1 to 64. */
export function parseVcpuCount(text: string): number {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (count >= 1 && count <= MOST) return count;
  throw new UsageError(`Expected a whole number from 1 to ${MOST}.`);
}
