/** Words of one chunk: states never straddle two, and growth copies nothing. The first ones are smaller. */
const CHUNK_BITS = 18;
const CHUNK_WORDS = 1 << CHUNK_BITS;
const FIRST_CHUNK_BITS = 12;
const FIRST_STATES_BITS = 8;
/** By how much the first chunk grows at a time: more would be room that most explorations never need. */
const FIRST_GROWTH = 1.5;
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
  /** Words of every state; 0 where lengths differ. */
  readonly #length: number;
  /** States of one length are so many bits of their number to a chunk. */
  readonly #perChunkBits: number;
  readonly #inChunk: number;
  /** Hash, and number of the state plus one; 0 where there is none. */
  #table = new Int32Array(FIRST_TABLE);
  #count = 0;

  /** @param length words of every state, or 0 where they differ */
  constructor(length: number) {
    this.#length = length;
    this.#perChunkBits = CHUNK_BITS - Math.min(32 - Math.clz32(length), CHUNK_BITS);
    this.#inChunk = (1 << this.#perChunkBits) - 1;
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
      this.#length === 0 ? this.#where[state]! >>> CHUNK_BITS : state >>> this.#perChunkBits;
    return this.#chunks[chunk]!;
  }
  /** … from this place on. */
  offsetOf(state: number): number {
    return this.#length === 0
      ? this.#where[state]! & (CHUNK_WORDS - 1)
      : (state & this.#inChunk) * this.#length;
  }

  /** Adds a state. Returns its number, or −1 − its number where it was there already. */
  insert(words: Int32Array, length: number): number {
    return this.insertAt(words, 0, length, hashOf(words, 0, length));
  }

  /** Adds a state that is in `words` from a place on, whose {@link hashOf} is known. */
  insertAt(words: Int32Array, from: number, length: number, hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const state = table[slot + 1]! - 1;
      if (state < 0) break;
      if (table[slot] === hash && this.#equals(state, words, from, length)) return -1 - state;
      slot = (slot + 2) & mask;
    }
    table[slot] = hash;
    table[slot + 1] = this.#count + 1;
    this.#append(words, from, length);
    // Three slots in four may be taken.
    if (this.#count * 8 > table.length * 3) this.#rehash();
    return this.#count - 1;
  }

  /** The number of a state, or −1 where it was never reached. */
  find(words: Int32Array, length: number): number {
    const hash = hashOf(words, 0, length);
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const state = table[slot + 1]! - 1;
      if (state < 0) return -1;
      if (table[slot] === hash && this.#equals(state, words, 0, length)) return state;
      slot = (slot + 2) & mask;
    }
  }

  /**
   * Looks at all that {@link insertAt} is about to look at for these hashes. Each of its looks is likely to
   * miss the caches and has to be over before the next begins; here they are under way together.
   */
  approach(hashes: Int32Array, count: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let seen = 0;
    for (let at = 0; at < count; at++) seen ^= table[(hashes[at]! << 1) & mask]!;
    for (let at = 0; at < count; at++) {
      const hash = hashes[at]!;
      const slot = (hash << 1) & mask;
      const state = table[slot + 1]! - 1;
      if (state >= 0 && table[slot] === hash) seen ^= this.chunkOf(state)[this.offsetOf(state)]!;
    }
    return seen;
  }

  #equals(state: number, words: Int32Array, from: number, length: number): boolean {
    const chunk = this.chunkOf(state);
    const at = this.offsetOf(state);
    for (let word = 0; word < length; word++) {
      if (chunk[at + word] !== words[from + word]) return false;
    }
    return true;
  }

  #append(words: Int32Array, from: number, length: number): void {
    if (this.#length !== 0) {
      this.#appendInRow(words, from, length);
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
    for (let word = 0; word < length; word++) chunk[used + word] = words[from + word]!;
    this.#where[this.#count++] = (this.#chunks.length - 1) * CHUNK_WORDS + used;
    this.#used += length;
  }

  /** All chunks but the first are full: where a state is follows from its number. */
  #appendInRow(words: Int32Array, from: number, length: number): void {
    const at = this.offsetOf(this.#count);
    if (at === 0) {
      const most = this.#length << this.#perChunkBits;
      this.#chunk = new Int32Array(
        this.#chunks.length === 0 ? Math.min(this.#length << FIRST_STATES_BITS, most) : most,
      );
      this.#chunks.push(this.#chunk);
      this.#words += this.#chunk.length;
    } else if (at + length > this.#chunk.length) this.#growFirst(length);
    const chunk = this.#chunk;
    for (let word = 0; word < length; word++) chunk[at + word] = words[from + word]!;
    this.#count++;
  }

  /** The first chunk begins small, for most explorations are. */
  #growFirst(length: number): void {
    const states = Math.ceil((this.#chunk.length / length) * FIRST_GROWTH);
    const larger = new Int32Array(Math.min(states, this.#inChunk + 1) * length);
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

/** Hash of the state that is in `words` from a place on. */
export function hashOf(words: Int32Array, from: number, length: number): number {
  // Two chains: a processor works on both at a time.
  let even = 0x9e3779b9 | 0;
  let odd = 0x7f4a7c15 | 0;
  const end = from + length;
  let at = from;
  for (; at + 1 < end; at += 2) {
    even = Math.imul(even ^ words[at]!, 0x85ebca6b);
    even ^= even >>> 13;
    odd = Math.imul(odd ^ words[at + 1]!, 0x27d4eb2f);
    odd ^= odd >>> 15;
  }
  if (at < end) even = Math.imul(even ^ words[at]!, 0x85ebca6b);
  let hash = even ^ (even >>> 16) ^ Math.imul(odd, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 15);
}
