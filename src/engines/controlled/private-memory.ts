import type { HostAddress } from '../../memory/memory-port.ts';
import { STEP_CMPXCHG, STEP_LOAD } from './step.ts';
import { stored, storedHigh } from './stored.ts';

/**
 * Memory as one run of a thread's program sees it where nobody else is concerned: the machine's before the
 * first step of any thread, with what this run wrote.
 */
export class PrivateMemory {
  /** Memory before the first step of any thread. */
  #image: Uint8Array = new Uint8Array(0);
  /** The same, with what this run wrote; while the thread is set up, the machine's memory. */
  #own: DataView;
  readonly #dirty: number[] = [];
  /** Of what it holds: equal where the memory is. */
  digest = 0;
  /** Answer of the latest access. */
  low = 0;
  high = 0;

  /** @param memory the machine's memory, which the thread's set-up is about to change */
  constructor(memory: DataView) {
    this.#own = memory;
  }

  /** From now on it is this one, which may be changed. */
  become(memory: DataView): void {
    this.#own = memory;
  }

  /** Ends the set-up of all threads. */
  seal(image: Uint8Array): void {
    this.#image = image;
    this.#own = new DataView(image.slice().buffer);
  }

  /** Takes back what the latest run wrote. */
  rewind(): void {
    for (const address of this.#dirty) {
      this.#own.setUint32(address, readWord(this.#image, address), true);
    }
    this.#dirty.length = 0;
  }

  word(address: HostAddress): number {
    return this.#own.getUint32(address, true);
  }

  /** Carries out an aligned access. Leaves the answer in `low` and `high`. */
  access(
    op: number,
    address: HostAddress,
    bytes: number,
    low: number,
    high: number,
    low2: number,
    high2: number,
  ): void {
    const own = this.#own;
    if (bytes === 4) this.low = own.getUint32(address, true) | 0;
    else if (bytes === 1) this.low = own.getUint8(address);
    else if (bytes === 2) this.low = own.getUint16(address, true);
    else {
      this.low = own.getInt32(address, true);
      this.high = own.getInt32(address + 4, true);
    }
    if (op === STEP_LOAD) return;
    if (op === STEP_CMPXCHG && (this.low !== low || (bytes === 8 && this.high !== high))) return;
    this.#forgetInDigest(address & ~3);
    if (bytes === 8) this.#forgetInDigest((address & ~3) + 4);
    const value = stored(op, this.low, low, low2);
    if (bytes === 4) own.setInt32(address, value, true);
    else if (bytes === 1) own.setUint8(address, value);
    else if (bytes === 2) own.setUint16(address, value, true);
    else {
      own.setInt32(address, value, true);
      own.setInt32(address + 4, storedHigh(op, this.low, low, this.high, high, high2), true);
    }
    this.digest += digestOf(address & ~3, own.getInt32(address & ~3, true));
    if (bytes === 8) this.digest += digestOf(address + 4, own.getInt32(address + 4, true));
  }

  /** A private cell is about to change. */
  #forgetInDigest(cell: HostAddress): void {
    this.#dirty.push(cell);
    this.digest -= digestOf(cell, this.#own.getInt32(cell, true));
  }
}

/** A number below 2^40 for a cell and its value: sums of some thousand of them are exact. */
function digestOf(cell: HostAddress, value: number): number {
  let hash =
    Math.imul(cell ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(value ^ (value >>> 15), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13), 0x27d4eb2f);
  const upper = Math.imul(hash ^ (hash >>> 16) ^ value, 0x165667b1) & 0xff;
  return (hash >>> 0) + upper * 0x1_0000_0000;
}

function readWord(image: Uint8Array, address: number): number {
  return (
    (image[address]! |
      (image[address + 1]! << 8) |
      (image[address + 2]! << 16) |
      (image[address + 3]! << 24)) >>>
    0
  );
}
