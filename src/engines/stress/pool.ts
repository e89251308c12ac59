import { Piscina } from 'piscina';
import { workerFile } from '../worker-file.ts';
import type { ThreadReport, ThreadTask } from './task.ts';

/** A guest that eats memory is stopped well before the machine suffers. */
const HEAP_MEGABYTES = 512;

/**
 * A pool with one worker for each thread of a run. All tasks of a run must be under way at once, so a
 * pool is lent to one run at a time.
 */
export class ThreadPool {
  readonly threads: number;
  readonly #piscina: Piscina<ThreadTask, ThreadReport>;

  constructor(threads: number) {
    this.threads = threads;
    this.#piscina = new Piscina({
      filename: workerFile('stress'),
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // Results come by message: a worker that sleeps in Atomics.wait between runs gains nothing here.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    // A worker that dies after its run was given up has nobody to tell: its run's promise is settled.
    this.#piscina.on('error', () => {});
  }

  run(task: ThreadTask): Promise<ThreadReport> {
    return this.#piscina.run(task);
  }

  /** Ends all workers at once, whatever they do. */
  destroy(): Promise<void> {
    return this.#piscina.destroy();
  }
}

const idle: ThreadPool[] = [];

/** Lends a warm pool of that size, or starts one. */
export function borrowPool(threads: number): ThreadPool {
  const index = idle.findIndex((pool) => pool.threads === threads);
  return index < 0 ? new ThreadPool(threads) : idle.splice(index, 1)[0]!;
}

/** Gives a healthy pool back. At most one of each size is kept; workers that idle cost memory only. */
export async function returnPool(pool: ThreadPool): Promise<void> {
  if (idle.some((other) => other.threads === pool.threads)) await pool.destroy();
  else idle.push(pool);
}

/** Ends all warm pools. */
export async function closePools(): Promise<void> {
  await Promise.all(idle.splice(0).map((pool) => pool.destroy()));
}
