import type { Automaton } from '../../automaton.ts';
import { stored, storedHigh } from '../../stored.ts';
import type { Locations } from './locations.ts';
import { Views } from './views.ts';

/**
 * Messages of one location at most. A loop that stores, while another thread takes no step, makes ever new
 * ones, all of which that thread may still read: then the oldest is dropped.
 */
export const MOST_MESSAGES = 30;

/**
 * The messages of every location in coherence order: values, and the view that comes with each. A message
 * is a number, a position is its place in the order of its location.
 */
export class Histories {
  readonly views: Views;
  readonly #locations: Locations;
  /** Messages of each location. */
  readonly counts: Int32Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Whether a message was written by a locked operation: nothing goes between it and the one before. */
  readonly locked: Uint8Array;
  answerLow = 0;
  answerHigh = 0;

  constructor(locations: Locations, threads: number) {
    const messages = locations.count * MOST_MESSAGES;
    this.#locations = locations;
    this.views = new Views(messages, threads, locations.count);
    this.counts = new Int32Array(locations.count);
    this.low = new Int32Array(messages);
    this.high = new Int32Array(messages);
    this.locked = new Uint8Array(messages);
  }

  /** Words that all of them take, packed, at the most. */
  get mostWords(): number {
    return this.counts.length + this.low.length * (2 + this.views.words) + this.counts.length;
  }

  reset(): void {
    const { initialLow, initialHigh } = this.#locations;
    this.counts.fill(1);
    this.locked.fill(0);
    for (let location = 0; location < this.counts.length; location++) {
      this.low[location * MOST_MESSAGES] = initialLow[location]!;
      this.high[location * MOST_MESSAGES] = initialHigh[location]!;
    }
  }

  newest(location: number): number {
    return location * MOST_MESSAGES + this.counts[location]! - 1;
  }

  /** Leaves what a load of a message answers: all of it, or the part that the step is about. */
  answer(automaton: Automaton, node: number, message: number): void {
    const bytes = automaton.bytes[node]!;
    this.answerHigh = 0;
    if (bytes === 8) {
      this.answerLow = this.low[message]!;
      this.answerHigh = this.high[message]!;
      return;
    }
    const upper = this.#locations.isUpper[automaton.cell[node]!] === 1;
    const value = upper ? this.high[message]! : this.low[message]!;
    if (bytes === 4) this.answerLow = value;
    else this.answerLow = (value >>> automaton.shift[node]!) & (bytes === 1 ? 0xff : 0xffff);
  }

  /** Leaves in a message what an access makes of the values before it. */
  write(
    automaton: Automaton,
    node: number,
    message: number,
    oldLow: number,
    oldHigh: number,
    op: number,
  ): void {
    const bytes = automaton.bytes[node]!;
    const low = automaton.low[node]!;
    const high = automaton.high[node]!;
    const low2 = automaton.low2[node]!;
    this.low[message] = oldLow;
    this.high[message] = oldHigh;
    if (bytes === 8) {
      this.low[message] = stored(op, oldLow, low, low2);
      this.high[message] = storedHigh(op, oldLow, low, oldHigh, high, automaton.high2[node]!);
      return;
    }
    const upper = this.#locations.isUpper[automaton.cell[node]!] === 1;
    const old = upper ? oldHigh : oldLow;
    let value = stored(op, bytes === 4 ? old : old >>> automaton.shift[node]!, low, low2);
    if (bytes < 4) {
      const shift = automaton.shift[node]!;
      const mask = bytes === 1 ? 0xff : 0xffff;
      value = (old & ~(mask << shift)) | ((value & mask) << shift);
    }
    if (upper) this.high[message] = value;
    else this.low[message] = value;
  }

  /** How many places in coherence order are free behind a position, the newest end included. */
  placesBehind(location: number, position: number): number {
    let places = 1;
    for (let place = this.counts[location]! - 1; place > position; place--) {
      if (this.locked[location * MOST_MESSAGES + place] === 0) places++;
    }
    return places;
  }
  /** The position of such a place, counted from the newest end. */
  placeAt(location: number, back: number): number {
    let place = this.counts[location]!;
    for (let left = back; left > 0; left--) {
      place--;
      while (this.locked[location * MOST_MESSAGES + place] === 1) place--;
    }
    return place;
  }

  /** Takes the place of a message: those behind move on, in every view. */
  insert(location: number, place: number): void {
    const base = location * MOST_MESSAGES;
    const count = this.counts[location]!;
    for (let position = count; position > place; position--) {
      this.#move(base + position, base + position - 1);
    }
    this.locked[base + place] = 0;
    this.counts[location] = count + 1;
    if (place !== count) this.views.moveOn(location, place);
  }

  /** Drops so many messages of a location, the oldest ones: who has not read them, will not. */
  drop(location: number, oldest: number): void {
    const base = location * MOST_MESSAGES;
    const count = this.counts[location]! - oldest;
    this.counts[location] = count;
    for (let position = 0; position < count; position++) {
      this.#move(base + position, base + position + oldest);
    }
    this.locked[base] = 0;
    this.views.moveBack(location, oldest);
  }

  #move(to: number, from: number): void {
    this.low[to] = this.low[from]!;
    this.high[to] = this.high[from]!;
    this.locked[to] = this.locked[from]!;
    this.views.copy(to, from);
  }

  /** Packs all messages from a place on; returns the place behind. */
  pack(packed: Int32Array, from: number): number {
    let to = from;
    for (let location = 0; location < this.counts.length; location++) {
      const count = this.counts[location]!;
      packed[to++] = count;
      let flags = 0;
      for (let position = 0; position < count; position++) {
        const message = location * MOST_MESSAGES + position;
        packed[to++] = this.low[message]!;
        packed[to++] = this.high[message]!;
        to = this.views.pack(message, packed, to);
        flags |= this.locked[message]! << position;
      }
      packed[to++] = flags;
    }
    return to;
  }
  /** Takes all messages from a place on; returns the place behind. */
  unpack(words: Int32Array, at: number): number {
    let from = at;
    for (let location = 0; location < this.counts.length; location++) {
      const count = words[from++]!;
      this.counts[location] = count;
      for (let position = 0; position < count; position++) {
        const message = location * MOST_MESSAGES + position;
        this.low[message] = words[from++]!;
        this.high[message] = words[from++]!;
        from = this.views.unpack(message, words, from);
      }
      // The flags of the locked ones follow the messages.
      const flags = words[from++]!;
      for (let position = 0; position < count; position++) {
        this.locked[location * MOST_MESSAGES + position] = (flags >>> position) & 1;
      }
    }
    return from;
  }
}
