import type { FailureCode } from './result.ts';

/** Why a worker ended without a report. */
export function workerDeath(error: unknown): [FailureCode, string] {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return [
      'OUT_OF_MEMORY',
      'Expected the guest to stay within 512 MB of heap, but it ran out of memory.',
    ];
  }
  if (message?.startsWith('worker exited') === true) {
    return ['WORKER_EXITED', `Expected the guest to return, but it ended its thread (${message}).`];
  }
  return ['HARNESS', error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
