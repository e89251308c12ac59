import type { Noise } from '../../cpu/noise.ts';
import type { SharedMemory } from '../../memory/shared-memory.ts';
import { loadControl } from '../../memory/wait.ts';
import type { ControlMap } from './control.ts';

/** Increments between two looks at the stop word; one of them is delayed in its middle. */
const STRIDE = 64;

/**
 * The canary: two threads increment one word by a load and a store, and lose updates when they meet.
 * They run as freely, and with the same noise, as the threads of the race. How many updates they lose
 * each second is how well this machine, now, makes threads meet at all.
 *
 * @returns how many increments this thread did; what is missing in the word was lost
 */
export function runCanary(memory: SharedMemory, control: ControlMap, noise: Noise): number {
  const word = control.canaryWord;
  let updates = 0;
  while (loadControl(memory, control.canaryStop) === 0 && loadControl(memory, control.stop) === 0) {
    for (let i = 1; i < STRIDE; i++) memory.store32(word, (memory.load32(word) + 1) >>> 0);
    const seen = memory.load32(word);
    noise.delay();
    memory.store32(word, (seen + 1) >>> 0);
    updates += STRIDE;
  }
  return updates;
}
