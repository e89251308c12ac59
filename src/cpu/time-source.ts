import type { HostAddress } from '../memory/memory-port.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

/** What the TSC of the physical CPUs counts. All of them are synchronised: one source per machine. */
export interface TimeSource {
  /** The host TSC now, in ticks. */
  now(): bigint;
}

/**
 * An atomic counter that every reading advances: no two readings are equal, and their order is the
 * order in which they happened, so a checker can compare without any tolerance.
 */
export class SharedTick implements TimeSource {
  readonly #memory: SharedMemory;
  readonly #address: HostAddress;
  constructor(memory: SharedMemory, address: HostAddress) {
    this.#memory = memory;
    this.#address = address;
  }
  now(): bigint {
    return this.#memory.lockAdd64(this.#address, 1n);
  }
}

/** The same counter, read but never advanced by readers: what benchmarks of the read path use. */
export class StillTick implements TimeSource {
  readonly #words: BigUint64Array<SharedArrayBuffer>;
  readonly #index: number;
  constructor(memory: SharedMemory, address: HostAddress) {
    this.#words = memory.u64;
    this.#index = address >>> 3;
  }
  now(): bigint {
    return this.#words[this.#index]!;
  }
}

/** The machine's own monotonic clock, scaled to the host TSC's frequency. */
export class MonotonicTick implements TimeSource {
  readonly #kHz: bigint;
  constructor(kHz: number) {
    this.#kHz = BigInt(kHz);
  }
  now(): bigint {
    return (process.hrtime.bigint() * this.#kHz) / 1_000_000n;
  }
}
