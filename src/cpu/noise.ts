import type { HostAddress } from '../memory/memory-port.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { pause, waitWhile } from '../memory/wait.ts';

/**
 * Steps from one delay to the next: at the most so many, or 2, 4 … 64 times that. Where delays are many,
 * threads meet in the middle of host code; where they are few, threads run side by side at full speed, and
 * what takes nanoseconds is seen.
 */
const FEWEST_STEPS = 64;
const SCALES = 7;
/** One delay in so many gives the core away: whoever waits for one gets to run in the middle of this. */
const DELAYS_PER_SLEEP = 16;
const SLEEP_MILLISECONDS = 0.03;
/** Spins of any other delay, at most: about a microsecond. */
const MOST_SPINS = 512;

/**
 * Delays between the steps of a thread. Threads that only ever run at full speed keep meeting at the
 * same few places, and where cores are short they do not meet at all; a thread that stops for a while
 * between two steps lets all others pass it there.
 */
export class Noise {
  readonly #random: { below(bound: number): number };
  readonly #memory: SharedMemory;
  readonly #stop: HostAddress;
  #stepsLeft: number;

  /** @param stop a word that becomes non-zero when the run is over: sleeps end then */
  constructor(random: { below(bound: number): number }, memory: SharedMemory, stop: HostAddress) {
    this.#random = random;
    this.#memory = memory;
    this.#stop = stop;
    this.#stepsLeft = this.#gap();
  }

  /** One step of host code: now and then, a delay. */
  step(): void {
    if (--this.#stepsLeft > 0) return;
    this.#stepsLeft = this.#gap();
    this.delay();
  }

  #gap(): number {
    return 1 + this.#random.below(FEWEST_STEPS << this.#random.below(SCALES));
  }

  /** Lets time pass. */
  delay(): void {
    if (this.#random.below(DELAYS_PER_SLEEP) === 0) {
      waitWhile(this.#memory, this.#stop, 0, SLEEP_MILLISECONDS);
      return;
    }
    for (let spins = this.#random.below(MOST_SPINS); spins > 0; spins--) pause();
  }
}
