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

  /** @param memory a port whose plain accesses are sequentially consistent */
  constructor(memory: MemoryPort, base: HostAddress) {
    this.#memory = memory;
    this.#base = base;
  }

  load32(offset: number): number {
    return this.#memory.load32(this.#base + offset);
  }
  load64(offset: number): bigint {
    return this.#memory.load64(this.#base + offset);
  }
  store32(offset: number, value: number): void {
    this.#memory.store32(this.#base + offset, value);
  }
  store64(offset: number, value: bigint): void {
    this.#memory.store64(this.#base + offset, value);
  }
  add32(offset: number, addend: number): number {
    return this.#memory.lockAdd32(this.#base + offset, addend);
  }
  /** Raises a 64-bit word to `value` if it is less. Unsigned. */
  raise64(offset: number, value: bigint): void {
    const address = this.#base + offset;
    let seen = this.#memory.load64(address);
    while (seen < value) {
      const old = this.#memory.lockCmpxchg64(address, seen, value);
      if (old === seen) return;
      seen = old;
    }
  }
}
