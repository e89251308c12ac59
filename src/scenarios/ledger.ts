import type { HostAddress, MemoryPort } from '../memory/memory-port.ts';

/**
 * What the checker writes down while a scenario runs: shared by all threads, seen by no program.
 *
 * Its accesses are sequentially consistent on every engine and order nothing for the program under
 * test, which never reads it. Offsets are in bytes from the scenario's own ledger.
 */
export class Ledger {
  readonly #memory: MemoryPort;
  readonly #base: HostAddress;
  readonly #bytes: number;

  /**
   * @param memory a port whose plain accesses are sequentially consistent
   * @param bytes the scenario's `ledgerBytes`: what is behind them is the engine's
   */
  constructor(memory: MemoryPort, base: HostAddress, bytes: number) {
    this.#memory = memory;
    this.#base = base;
    this.#bytes = bytes;
  }

  load32(offset: number): number {
    return this.#memory.load32(this.#at(offset, 4));
  }
  load64(offset: number): bigint {
    return this.#memory.load64(this.#at(offset, 8));
  }
  store32(offset: number, value: number): void {
    this.#memory.store32(this.#at(offset, 4), value);
  }
  store64(offset: number, value: bigint): void {
    this.#memory.store64(this.#at(offset, 8), value);
  }
  add32(offset: number, addend: number): number {
    return this.#memory.lockAdd32(this.#at(offset, 4), addend);
  }
  /** Raises a 64-bit word to `value` if it is less. Unsigned. */
  raise64(offset: number, value: bigint): void {
    const address = this.#at(offset, 8);
    let seen = this.#memory.load64(address);
    while (seen < value) {
      const old = this.#memory.lockCmpxchg64(address, seen, value);
      if (old === seen) return;
      seen = old;
    }
  }

  #at(offset: number, bytes: number): HostAddress {
    if (offset >= 0 && offset + bytes <= this.#bytes && offset % bytes === 0) {
      return this.#base + offset;
    }
    throw new RangeError(
      `Expected an offset in the ledger that is a multiple of ${bytes}, with ledgerBytes: ${this.#bytes}, got ${offset}.`,
    );
  }
}
