import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { workerFile } from '../worker-file.ts';
import type { ControlledReport, ControlledTask } from './task.ts';

/** States may take much; a guest that eats memory is stopped all the same. */
const HEAP_MEGABYTES = 4096;

/** A worker that explores one thing at a time. */
export type ControlledWorker = Piscina<ControlledTask, ControlledReport<unknown>>;

/** Workers that wait: one that has run the project's own code only is as good as new, and faster. */
const fresh: ControlledWorker[] = [];
const used: ControlledWorker[] = [];

/** A worker for a task. One with foreign code in it gets one that nobody has used. */
export function takeWorker(isForeign: boolean): ControlledWorker {
  return (isForeign ? undefined : used.pop()) ?? fresh.pop() ?? newWorker();
}

/** Takes a worker back that has done its task and no foreign code. */
export async function giveBack(worker: ControlledWorker): Promise<void> {
  if (used.length < availableParallelism()) used.push(worker);
  else await worker.destroy();
}

/** Starts a worker now that is wanted soon: it imports what it needs meanwhile. */
export function warmUp(): void {
  fresh.push(newWorker());
}

/** Ends the workers that wait. A process that ends takes them along anyhow. */
export async function closeWorkers(): Promise<void> {
  const waiting = [...fresh.splice(0), ...used.splice(0)];
  await Promise.all(waiting.map((worker) => worker.destroy()));
}

function newWorker(): ControlledWorker {
  const worker: ControlledWorker = new Piscina({
    filename: workerFile('controlled'),
    minThreads: 1,
    maxThreads: 1,
    atomics: 'disabled',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });
  worker.on('error', () => {});
  return worker;
}
