/** Words of one chunk: states never straddle two, and growth copies nothing. The first ones are smaller. */
const CHUNK_BITS = 18;
const CHUNK_WORDS = 1 << CHUNK_BITS;
const FIRST_CHUNK_BITS = 12;
const FIRST_TABLE = 1 << 12;

/** The states that were reached, each once: rows of 32-bit words in a hash set of typed arrays. */
export class StateStore {
  readonly #chunks: Int32Array[] = [];
  #chunk = new Int32Array(0);
  #used = 0;
  /** Words of all chunks together. */
  #words = 0;
  /** Chunk and offset of each state. */
  #where = new Uint32Array(1 << 10);
  #hashes = new Int32Array(1 << 10);
  #table = new Int32Array(FIRST_TABLE);
  #count = 0;

  get count(): number {
    return this.#count;
  }
  /** Bytes that the store takes. */
  get bytes(): number {
    return (
      this.#words * 4 + this.#where.length * 4 + this.#hashes.length * 4 + this.#table.length * 4
    );
  }

  /** Words of a state are in this array … */
  chunkOf(state: number): Int32Array {
    return this.#chunks[this.#where[state]! >>> CHUNK_BITS]!;
  }
  /** … from this place on. */
  offsetOf(state: number): number {
    return this.#where[state]! & (CHUNK_WORDS - 1);
  }

  /** Adds a state. Returns its number, or −1 − its number where it was there already. */
  insert(words: Int32Array, length: number): number {
    const hash = hashOf(words, length);
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const state = this.#table[slot]! - 1;
      if (state < 0) break;
      if (this.#hashes[state] === hash && this.#equals(state, words, length)) return -1 - state;
      slot = (slot + 1) & mask;
    }
    const state = this.#append(words, length, hash);
    this.#table[slot] = state + 1;
    if (this.#count * 2 > this.#table.length) this.#rehash();
    return state;
  }

  /** The number of a state, or −1 where it was never reached. */
  find(words: Int32Array, length: number): number {
    const hash = hashOf(words, length);
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const state = this.#table[slot]! - 1;
      if (state < 0) return -1;
      if (this.#hashes[state] === hash && this.#equals(state, words, length)) return state;
      slot = (slot + 1) & mask;
    }
  }

  #equals(state: number, words: Int32Array, length: number): boolean {
    const chunk = this.chunkOf(state);
    const at = this.offsetOf(state);
    for (let word = 0; word < length; word++) if (chunk[at + word] !== words[word]) return false;
    return true;
  }

  #append(words: Int32Array, length: number, hash: number): number {
    if (this.#used + length > this.#chunk.length) {
      const bits = Math.min(FIRST_CHUNK_BITS + 2 * this.#chunks.length, CHUNK_BITS);
      this.#chunk = new Int32Array(Math.max(1 << bits, length));
      this.#chunks.push(this.#chunk);
      this.#words += this.#chunk.length;
      this.#used = 0;
    }
    if (this.#count === this.#where.length) this.#widen();
    const { chunk, used } = { chunk: this.#chunk, used: this.#used };
    for (let word = 0; word < length; word++) chunk[used + word] = words[word]!;
    this.#where[this.#count] = (this.#chunks.length - 1) * CHUNK_WORDS + used;
    this.#hashes[this.#count] = hash;
    this.#used += length;
    return this.#count++;
  }

  #widen(): void {
    const where = new Uint32Array(this.#where.length * 2);
    where.set(this.#where);
    this.#where = where;
    const hashes = new Int32Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let state = 0; state < this.#count; state++) {
      let slot = this.#hashes[state]! & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = state + 1;
    }
    this.#table = table;
  }
}

function hashOf(words: Int32Array, length: number): number {
  let hash = 0x9e3779b9 | 0;
  for (let word = 0; word < length; word++) {
    hash = Math.imul(hash ^ words[word]!, 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 15);
}
