/** Words of one chunk: states never straddle two, and growth copies nothing. The first ones are smaller. */
const CHUNK_BITS = 18;
const CHUNK_WORDS = 1 << CHUNK_BITS;
const FIRST_CHUNK_BITS = 12;
/** Words of the first table. */
const FIRST_TABLE = 1 << 12;

/**
 * The states that were reached, each once: rows of 32-bit words behind a hash table of typed arrays. A
 * slot of the table is the state's hash and its number, side by side: one look tells most states apart.
 */
export class StateStore {
  readonly #chunks: Int32Array[] = [];
  #chunk = new Int32Array(0);
  #used = 0;
  /** Words of all chunks together. */
  #words = 0;
  /** Chunk and offset of each state; empty where all are of one length. */
  #where: Uint32Array<ArrayBuffer>;
  /** Words of every state, and how many states a chunk has room for; 0 where lengths differ. */
  readonly #length: number;
  readonly #perChunk: number;
  /** Hash, and number of the state plus one; 0 where there is none. */
  #table = new Int32Array(FIRST_TABLE);
  #count = 0;

  /** @param length words of every state, or 0 where they differ */
  constructor(length: number) {
    this.#length = length;
    this.#perChunk = length === 0 ? 0 : Math.floor(CHUNK_WORDS / length);
    this.#where = new Uint32Array(length === 0 ? 1 << 10 : 0);
  }

  get count(): number {
    return this.#count;
  }
  /** Bytes that the store takes. */
  get bytes(): number {
    return (this.#words + this.#where.length + this.#table.length) * 4;
  }

  /** Words of a state are in this array … */
  chunkOf(state: number): Int32Array {
    const chunk =
      this.#length === 0 ? this.#where[state]! >>> CHUNK_BITS : Math.floor(state / this.#perChunk);
    return this.#chunks[chunk]!;
  }
  /** … from this place on. */
  offsetOf(state: number): number {
    return this.#length === 0
      ? this.#where[state]! & (CHUNK_WORDS - 1)
      : (state % this.#perChunk) * this.#length;
  }

  /** Adds a state. Returns its number, or −1 − its number where it was there already. */
  insert(words: Int32Array, length: number): number {
    const hash = hashOf(words, length);
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const state = table[slot + 1]! - 1;
      if (state < 0) break;
      if (table[slot] === hash && this.#equals(state, words, length)) return -1 - state;
      slot = (slot + 2) & mask;
    }
    table[slot] = hash;
    table[slot + 1] = this.#count + 1;
    this.#append(words, length);
    // Three slots in four may be taken.
    if (this.#count * 8 > table.length * 3) this.#rehash();
    return this.#count - 1;
  }

  /** The number of a state, or −1 where it was never reached. */
  find(words: Int32Array, length: number): number {
    const hash = hashOf(words, length);
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const state = table[slot + 1]! - 1;
      if (state < 0) return -1;
      if (table[slot] === hash && this.#equals(state, words, length)) return state;
      slot = (slot + 2) & mask;
    }
  }

  #equals(state: number, words: Int32Array, length: number): boolean {
    const chunk = this.chunkOf(state);
    const at = this.offsetOf(state);
    for (let word = 0; word < length; word++) if (chunk[at + word] !== words[word]) return false;
    return true;
  }

  #append(words: Int32Array, length: number): void {
    if (this.#length !== 0) {
      this.#appendInRow(words, length);
      return;
    }
    if (this.#used + length > this.#chunk.length) {
      const bits = Math.min(FIRST_CHUNK_BITS + 2 * this.#chunks.length, CHUNK_BITS);
      this.#chunk = new Int32Array(Math.max(1 << bits, length));
      this.#chunks.push(this.#chunk);
      this.#words += this.#chunk.length;
      this.#used = 0;
    }
    if (this.#count === this.#where.length) this.#widen();
    const chunk = this.#chunk;
    const used = this.#used;
    for (let word = 0; word < length; word++) chunk[used + word] = words[word]!;
    this.#where[this.#count++] = (this.#chunks.length - 1) * CHUNK_WORDS + used;
    this.#used += length;
  }

  /** All chunks but the first are full: where a state is follows from its number. */
  #appendInRow(words: Int32Array, length: number): void {
    const at = this.offsetOf(this.#count);
    if (at === 0) {
      this.#chunk = new Int32Array(this.#chunks.length === 0 ? 1 << FIRST_CHUNK_BITS : CHUNK_WORDS);
      this.#chunks.push(this.#chunk);
      this.#words += this.#chunk.length;
    } else if (at + length > this.#chunk.length) this.#growFirst();
    const chunk = this.#chunk;
    for (let word = 0; word < length; word++) chunk[at + word] = words[word]!;
    this.#count++;
  }

  /** The first chunk begins small, for most explorations are. */
  #growFirst(): void {
    const larger = new Int32Array(Math.min(this.#chunk.length * 4, CHUNK_WORDS));
    larger.set(this.#chunk);
    this.#words += larger.length - this.#chunk.length;
    this.#chunk = larger;
    this.#chunks[this.#chunks.length - 1] = larger;
  }

  #widen(): void {
    const where = new Uint32Array(this.#where.length * 2);
    where.set(this.#where);
    this.#where = where;
  }

  #rehash(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    const mask = table.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      const state = old[from + 1]!;
      if (state === 0) continue;
      const hash = old[from]!;
      let slot = (hash << 1) & mask;
      while (table[slot + 1] !== 0) slot = (slot + 2) & mask;
      table[slot] = hash;
      table[slot + 1] = state;
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
