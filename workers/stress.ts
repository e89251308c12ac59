import { setFlagsFromString } from 'node:v8';
import { raceThread } from '../src/engines/stress/race-thread.ts';
import type { ThreadReport, ThreadTask } from '../src/engines/stress/task.ts';

// A role makes a dozen port calls; V8's default budget inlines half of them.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');

/** One thread of a stress run. */
export default function stressWorker(task: ThreadTask): Promise<ThreadReport> {
  return raceThread(task);
}
