import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Works in a folder that is gone afterwards, whatever happens.
 *
 * @param work told when to end its children: their folder is about to go
 */
export async function inTemporaryFolder<Result>(
  work: (folder: string, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'pvrace-bench-'));
  const abort = new AbortController();
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const interrupted = (signal: NodeJS.Signals): void => {
    abort.abort();
    clean();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    return await work(folder, abort.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
    clean();
  }
}
