import type { SharedMemory } from '../../../memory/shared-memory.ts';
import { waitWhile } from '../../../memory/wait.ts';
import type { Random } from '../../../scenarios/random.ts';
import type { ThreadTask } from '../task.ts';

/** Milliseconds that a thread sleeps where there are fewer cores than threads, at most. */
const MOST_SLEEP = 0.2;

/**
 * How the threads of a run let time pass: they spin where each has a core of its own, and mostly sleep
 * where a spinner would only keep another thread from its core.
 */
export function idler(task: ThreadTask, memory: SharedMemory, random: Random): () => void {
  const interval = task.machine.updateInterval;
  const crowded = task.threads > task.cores;
  const { stop } = task.control;
  let sink = 0;
  return () => {
    if (interval === 0) return;
    if (crowded && random.below(4) !== 0) {
      waitWhile(memory, stop, 0, MOST_SLEEP * (random.below(256) / 256));
      return;
    }
    for (let spins = random.below(interval); spins > 0; spins--) sink = (sink + spins) | 0;
    // Never true; keeps the loop from being removed.
    if (sink === 0x7fffffff) memory.load8(stop);
  };
}
