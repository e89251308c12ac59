import { exchange } from '../exchange.ts';

/** Positions are packed in so many bits … */
const BITS = 5;
/** … so many to a word. */
const PER_WORD = 6;
/** A thread's views: current, acquired, released. */
const THREAD_VIEWS = 3;

/**
 * Views: for each location the position of a message, the oldest that may still be read by whoever has the
 * view. Every message has one, every thread three, and two are nobody's own.
 */
export class Views {
  /** The view of the one order of all full fences, and the one by which the checker's accesses synchronise. */
  readonly global: number;
  readonly checker: number;
  readonly count: number;
  readonly #locations: number;
  readonly #messages: number;
  readonly #positions: Uint8Array;

  /** @param messages how many there can be: their views are the first ones */
  constructor(messages: number, threads: number, locations: number) {
    this.#messages = messages;
    this.#locations = locations;
    this.global = messages + THREAD_VIEWS * threads;
    this.checker = this.global + 1;
    this.count = this.checker + 1;
    this.#positions = new Uint8Array(this.count * locations);
  }

  /** Words that a view is packed in. */
  get words(): number {
    return Math.ceil(this.#locations / PER_WORD);
  }

  /** What a thread may no longer read behind … */
  current(thread: number): number {
    return this.#messages + THREAD_VIEWS * thread;
  }
  /** … what an acquire fence would add to that, by the messages it has read … */
  acquired(thread: number): number {
    return this.#messages + THREAD_VIEWS * thread + 1;
  }
  /** … and what its stores hand on, by its latest release fence. */
  released(thread: number): number {
    return this.#messages + THREAD_VIEWS * thread + 2;
  }

  reset(): void {
    this.#positions.fill(0);
  }
  at(view: number, location: number): number {
    return this.#positions[view * this.#locations + location]!;
  }
  set(view: number, location: number, position: number): void {
    this.#positions[view * this.#locations + location] = position;
  }
  copy(to: number, from: number): void {
    const locations = this.#locations;
    const positions = this.#positions;
    const into = to * locations;
    const out = from * locations;
    for (let location = 0; location < locations; location++)
      positions[into + location] = positions[out + location]!;
  }
  join(into: number, other: number): void {
    const locations = this.#locations;
    const positions = this.#positions;
    for (let location = 0; location < locations; location++) {
      const theirs = positions[other * locations + location]!;
      if (theirs > positions[into * locations + location]!)
        positions[into * locations + location] = theirs;
    }
  }

  /** A message of a location goes between two: those from its position on are one further. */
  moveOn(location: number, from: number): void {
    const locations = this.#locations;
    const positions = this.#positions;
    for (let view = 0; view < this.count; view++) {
      const at = view * locations + location;
      if (positions[at]! >= from) positions[at]!++;
    }
  }
  /** So many of the oldest messages of a location are no more. */
  moveBack(location: number, dropped: number): void {
    const locations = this.#locations;
    const positions = this.#positions;
    for (let view = 0; view < this.count; view++) {
      const at = view * locations + location;
      positions[at] = positions[at]! > dropped ? positions[at]! - dropped : 0;
    }
  }
  /** Forgets of what a thread has acquired all that it sees anyhow. */
  forgetAcquired(thread: number): void {
    const positions = this.#positions;
    const current = this.current(thread) * this.#locations;
    const acquired = this.acquired(thread) * this.#locations;
    for (let location = 0; location < this.#locations; location++) {
      if (positions[acquired + location]! <= positions[current + location]!)
        positions[acquired + location] = 0;
    }
  }

  /** Order of two threads by their views. */
  compare(one: number, other: number): number {
    const length = THREAD_VIEWS * this.#locations;
    const left = this.current(one) * this.#locations;
    const right = this.current(other) * this.#locations;
    for (let at = 0; at < length; at++) {
      const later = this.#positions[left + at]! - this.#positions[right + at]!;
      if (later !== 0) return later;
    }
    return 0;
  }
  swap(one: number, other: number): void {
    const length = THREAD_VIEWS * this.#locations;
    const left = this.current(one) * this.#locations;
    const right = this.current(other) * this.#locations;
    for (let at = 0; at < length; at++) exchange(this.#positions, left + at, right + at);
  }

  /** Packs a view into words from a place on; returns the place behind. */
  pack(view: number, packed: Int32Array, to: number): number {
    const from = view * this.#locations;
    let place = to;
    for (let location = 0; location < this.#locations; location += PER_WORD) {
      let word = 0;
      for (let at = 0; at < PER_WORD && location + at < this.#locations; at++) {
        word |= this.#positions[from + location + at]! << (at * BITS);
      }
      packed[place++] = word;
    }
    return place;
  }
  /** Takes a view from words from a place on; returns the place behind. */
  unpack(view: number, words: Int32Array, from: number): number {
    const to = view * this.#locations;
    let place = from;
    for (let location = 0; location < this.#locations; location += PER_WORD) {
      const word = words[place++]!;
      for (let at = 0; at < PER_WORD && location + at < this.#locations; at++) {
        this.#positions[to + location + at] = (word >>> (at * BITS)) & 0x1f;
      }
    }
    return place;
  }
}
