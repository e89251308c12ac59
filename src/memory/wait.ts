import type { HostAddress } from './memory-port.ts';
import type { SharedMemory } from './shared-memory.ts';

/** The CPU's spin-loop hint where the engine has one (Node 24 on), else nothing. */
export const pause: () => void = (Atomics as { pause?: () => void }).pause ?? (() => {});

/**
 * Blocks this thread while the 32-bit word equals `value`, at most `milliseconds`. Wake-ups may be
 * spurious: callers loop. Never to be called on the main thread, where completions and timers stop.
 */
export function waitWhile(
  memory: SharedMemory,
  address: HostAddress,
  value: number,
  milliseconds: number,
): void {
  Atomics.wait(memory.i32, address >>> 2, value | 0, milliseconds);
}

/** Wakes every thread that {@link waitWhile} blocks on the word. */
export function wakeAll(memory: SharedMemory, address: HostAddress): void {
  Atomics.notify(memory.i32, address >>> 2);
}

/** Atomic load of a control word, whatever access mode the run has. */
export function loadControl(memory: SharedMemory, address: HostAddress): number {
  return Atomics.load(memory.i32, address >>> 2);
}

/** Atomic store to a control word, whatever access mode the run has. */
export function storeControl(memory: SharedMemory, address: HostAddress, value: number): void {
  Atomics.store(memory.i32, address >>> 2, value);
}

/**
 * How often a barrier looks before it sleeps. With a core for each thread, spinning releases all of
 * them within nanoseconds, which is what makes races meet; with fewer cores a spinner only burns the
 * time slice of the thread it waits for.
 */
export function spinBudget(threads: number, cores: number): number {
  return threads <= cores ? 20_000 : 200;
}

/** Byte layout of a {@link Barrier}: arrivals, then generation, a cache line apart. */
export const BARRIER_BYTES = 128;
const ARRIVED = 0;
const GENERATION = 64;

/** How long a sleeper sleeps before it looks for a stop by itself. */
const SLEEP_MILLISECONDS = 20;

/**
 * A reusable barrier that spins, then sleeps.
 *
 * Waiters loop on the generation: a late notify of the round before must not release anyone.
 */
export class Barrier {
  readonly #memory: SharedMemory;
  readonly #arrived: number;
  readonly #generation: number;
  readonly #parties: number;
  readonly #spins: number;
  readonly #stopped: () => boolean;

  constructor(
    memory: SharedMemory,
    address: HostAddress,
    parties: number,
    spins: number,
    stopped: () => boolean,
  ) {
    this.#memory = memory;
    this.#arrived = (address + ARRIVED) >>> 2;
    this.#generation = (address + GENERATION) >>> 2;
    this.#parties = parties;
    this.#spins = spins;
    this.#stopped = stopped;
  }

  /** Waits for all parties. Returns false if the run was stopped meanwhile. */
  arrive(): boolean {
    const words = this.#memory.i32;
    const generation = Atomics.load(words, this.#generation);
    if (Atomics.add(words, this.#arrived, 1) === this.#parties - 1) {
      // Re-arm before the release: whoever sees the new generation may arrive again at once.
      Atomics.store(words, this.#arrived, 0);
      Atomics.add(words, this.#generation, 1);
      Atomics.notify(words, this.#generation);
      return !this.#stopped();
    }
    for (let spin = 0; spin < this.#spins; spin++) {
      if (Atomics.load(words, this.#generation) !== generation) return !this.#stopped();
      if ((spin & 1023) === 1023 && this.#stopped()) return false;
      pause();
    }
    while (Atomics.load(words, this.#generation) === generation) {
      if (this.#stopped()) return false;
      Atomics.wait(words, this.#generation, generation, SLEEP_MILLISECONDS);
    }
    return !this.#stopped();
  }
}
