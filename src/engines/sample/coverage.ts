/** Bits of the set: a thousandth of them set is still exact to a thousandth. */
const BITS = 1 << 24;

/** How many different numbers were seen, by their 32-bit hashes in a set of bits: a lower bound. */
export class Coverage {
  readonly #seen = new Int32Array(BITS >>> 5);
  count = 0;

  add(hash: number): void {
    const bit = (hash ^ (hash >>> 8)) & (BITS - 1);
    const word = bit >>> 5;
    const mask = 1 << (bit & 31);
    if ((this.#seen[word]! & mask) !== 0) return;
    this.#seen[word]! |= mask;
    this.count++;
  }
}
