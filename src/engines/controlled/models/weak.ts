import type { Automaton } from '../automaton.ts';
import { stored, storedHigh } from '../recorder.ts';
import {
  isLocked,
  STEP_CHOOSE,
  STEP_CMPXCHG,
  STEP_END,
  STEP_LOAD,
  STEP_MB,
  STEP_MEET,
  STEP_RMB,
  STEP_STORE,
  STEP_TSC,
  STEP_TSC_ORDERED,
  STEP_WAIT,
  STEP_WMB,
} from '../step.ts';
import { Cells } from './cells.ts';
import { exchange } from './exchange.ts';
import type { Future, MemoryModel, StateShape } from './memory-model.ts';

/**
 * Messages of one location at most. A loop that stores, while another thread takes no step, makes ever new
 * ones, all of which that thread may still read: then the oldest is dropped.
 */
const MOST_MESSAGES = 30;
/** What is assumed of an execution where that happened. */
export const NEWEST_VALUES = `newest-values:${MOST_MESSAGES}`;
/** Positions are packed in so many bits … */
const BITS = 5;
/** … so many to a word. */
const PER_WORD = 6;
/** A thread's views: current, acquired, released. */
const THREAD_VIEWS = [0, 1, 2] as const;

/**
 * What the source may be compiled to, or run as on a weaker machine: RC11 without load buffering, as an
 * operational model of messages and views.
 *
 * Every location has its messages in coherence order, and every thread a view: for each location, the
 * oldest message it may still read. Plain accesses are relaxed: a load takes any message from the view
 * on, a store goes to any place behind it. `rmb` and `wmb` are acquire and release fences, `mb` and
 * locked operations are fences of one global order. Messages that nobody can read any more are dropped,
 * and positions counted anew.
 *
 * A location is what is ever accessed as one: 32 bits, or 64. A narrower store goes to the end of the
 * order and keeps the other bytes of the message before it. Locked operations read the newest message.
 * Source: Lahav et al., "Repairing Sequential Consistency in C/C++11"; Kang et al., "A Promising
 * Semantics for Relaxed-Memory Concurrency", without promises.
 *
 * The checker's accesses synchronise with each other, as atomics of their own would.
 */
export class WeakMemory implements MemoryModel {
  readonly name = 'weak';
  readonly fences = { mb: true, rmbAndWmb: true };
  readonly packedLength = 0;
  readonly packed: Int32Array;
  readonly nodes: Int32Array;
  readonly actors = 1;
  readonly #shape: StateShape;
  readonly #threads: number;
  /** Nodes, tick, floors of unordered RDTSC, the checker's cells. */
  readonly #words: Int32Array;
  readonly #ghosts: Cells;
  /** Location of each cell, −1 for the checker's. */
  readonly #locationOf: Int32Array;
  readonly #isUpper: Uint8Array;
  readonly #locations: number;
  readonly #initialLow: Int32Array;
  readonly #initialHigh: Int32Array;

  readonly #counts: Int32Array;
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  /** Whether a message was written by a locked operation: nothing goes between it and the one before. */
  readonly #locked: Uint8Array;
  /** Views: of messages, then for each thread current, acquired and released; the global one; the checker's. */
  readonly #views: Uint8Array;
  readonly #threadViews: number;
  readonly #globalView: number;
  readonly #checkerView: number;
  readonly #viewCount: number;
  /** For each thread, by automaton state and location, whether it may still access that; none where nothing is known. */
  #futures: readonly Uint8Array[] = [];
  dropped = false;
  answerLow = 0;
  answerHigh = 0;

  constructor(shape: StateShape) {
    const { threads, cells, ghost, upperOf } = shape;
    this.#shape = shape;
    this.#threads = threads;
    this.#words = new Int32Array(2 * threads + 1 + cells.length);
    this.nodes = this.#words.subarray(0, threads);
    this.#ghosts = new Cells(this.#words, 2 * threads + 1);
    this.#locationOf = new Int32Array(cells.length).fill(-1);
    this.#isUpper = new Uint8Array(cells.length);
    let locations = 0;
    const initialLow: number[] = [];
    const initialHigh: number[] = [];
    for (let cell = 0; cell < cells.length; cell++) {
      if (ghost[cell] === 1 || this.#locationOf[cell]! >= 0) continue;
      const upper = upperOf[cell]!;
      if (isUpperOfAnother(upperOf, cell)) continue;
      this.#locationOf[cell] = locations;
      initialLow.push(cells[cell]!);
      initialHigh.push(upper >= 0 ? cells[upper]! : 0);
      if (upper >= 0) {
        this.#locationOf[upper] = locations;
        this.#isUpper[upper] = 1;
      }
      locations++;
    }
    this.#locations = locations;
    this.#initialLow = Int32Array.from(initialLow);
    this.#initialHigh = Int32Array.from(initialHigh);
    const messages = locations * MOST_MESSAGES;
    this.#counts = new Int32Array(locations);
    this.#low = new Int32Array(messages);
    this.#high = new Int32Array(messages);
    this.#locked = new Uint8Array(messages);
    this.#threadViews = messages;
    this.#globalView = messages + 3 * threads;
    this.#checkerView = this.#globalView + 1;
    this.#viewCount = this.#checkerView + 1;
    this.#views = new Uint8Array(this.#viewCount * locations);
    const viewWords = Math.ceil(locations / PER_WORD);
    this.packed = new Int32Array(
      1 +
        this.#words.length +
        locations +
        messages * (2 + viewWords) +
        (3 * threads + 2) * viewWords,
    );
  }

  foresee(futures: readonly Future[]): void {
    const tables = new Map<Future, Uint8Array>();
    for (const future of futures) {
      if (!tables.has(future)) tables.set(future, this.#tableOf(future));
    }
    this.#futures = futures.map((future) => tables.get(future)!);
  }

  #tableOf(future: Future): Uint8Array {
    const table = new Uint8Array(future.states * this.#locations);
    for (const [cell, location] of this.#locationOf.entries()) {
      if (location < 0) continue;
      for (let state = 0; state < future.states; state++) {
        if (future.mayAccess(state, cell)) table[state * this.#locations + location] = 1;
      }
    }
    return table;
  }

  /** Whether a thread may still load from a location or store to it, other than by locked operations. */
  #mayAccess(thread: number, location: number): boolean {
    // Behind the table's end are states of which nothing is known.
    return this.#futures[thread]?.[this.nodes[thread]! * this.#locations + location] !== 0;
  }

  reset(): void {
    const { cells, ghost } = this.#shape;
    this.#words.fill(0);
    for (let cell = 0; cell < cells.length; cell++) {
      if (ghost[cell] === 1) this.#words[this.#ghosts.base + cell] = cells[cell]!;
    }
    this.#counts.fill(1);
    this.#views.fill(0);
    this.#locked.fill(0);
    for (let location = 0; location < this.#locations; location++) {
      this.#low[location * MOST_MESSAGES] = this.#initialLow[location]!;
      this.#high[location * MOST_MESSAGES] = this.#initialHigh[location]!;
    }
  }

  load(words: Int32Array, at: number): void {
    let from = at + 1;
    for (let word = 0; word < this.#words.length; word++) this.#words[word] = words[from++]!;
    for (let location = 0; location < this.#locations; location++) {
      const word = words[from++]!;
      const count = word & 0x1f;
      this.#counts[location] = count;
      for (let position = 0; position < count; position++) {
        const message = location * MOST_MESSAGES + position;
        this.#low[message] = words[from++]!;
        this.#high[message] = words[from++]!;
        from = this.#unpackView(message, words, from);
      }
      // The flags of the locked ones follow the messages.
      const flags = words[from++]!;
      for (let position = 0; position < count; position++) {
        this.#locked[location * MOST_MESSAGES + position] = (flags >>> position) & 1;
      }
    }
    for (let view = this.#threadViews; view < this.#viewCount; view++) {
      from = this.#unpackView(view, words, from);
    }
  }

  pack(): number {
    this.#forget();
    const { packed } = this;
    let to = 1;
    for (let word = 0; word < this.#words.length; word++) packed[to++] = this.#words[word]!;
    for (let location = 0; location < this.#locations; location++) {
      const count = this.#counts[location]!;
      packed[to++] = count;
      let flags = 0;
      for (let position = 0; position < count; position++) {
        const message = location * MOST_MESSAGES + position;
        packed[to++] = this.#low[message]!;
        packed[to++] = this.#high[message]!;
        to = this.#packView(message, to);
        flags |= this.#locked[message]! << position;
      }
      packed[to++] = flags;
    }
    for (let view = this.#threadViews; view < this.#viewCount; view++)
      to = this.#packView(view, to);
    packed[0] = to;
    return to;
  }

  compare(one: number, other: number): number {
    const words = this.#words;
    const floors = this.#threads + 1;
    const nodes = words[one]! - words[other]!;
    if (nodes !== 0) return nodes;
    const waits = words[floors + one]! - words[floors + other]!;
    if (waits !== 0) return waits;
    const locations = this.#locations;
    for (const view of THREAD_VIEWS) {
      const left = (this.#threadViews + view + 3 * one) * locations;
      const right = (this.#threadViews + view + 3 * other) * locations;
      for (let location = 0; location < locations; location++) {
        const later = this.#views[left + location]! - this.#views[right + location]!;
        if (later !== 0) return later;
      }
    }
    return 0;
  }
  swap(one: number, other: number): void {
    const floors = this.#threads + 1;
    exchange(this.#words, one, other);
    exchange(this.#words, floors + one, floors + other);
    const locations = this.#locations;
    for (const view of THREAD_VIEWS) {
      const left = (this.#threadViews + view + 3 * one) * locations;
      const right = (this.#threadViews + view + 3 * other) * locations;
      for (let location = 0; location < locations; location++)
        exchange(this.#views, left + location, right + location);
    }
  }

  alternatives(thread: number, automaton: Automaton, node: number): number {
    const op = automaton.op[node]!;
    if (op === STEP_LOAD) {
      const location = this.#locationOf[automaton.cell[node]!]!;
      return this.#counts[location]! - this.#view(this.#current(thread), location);
    }
    if (op === STEP_STORE) return this.#places(thread, automaton, node);
    if (op === STEP_CHOOSE) return automaton.low[node]!;
    if (op === STEP_TSC) return this.tick - this.#floor(thread) + 1;
    if (op === STEP_WAIT) {
      const cell = automaton.cell[node]!;
      return cell >= 0 && this.device(cell) !== 0 ? 1 : 0;
    }
    return op >= STEP_END ? 0 : 1;
  }

  take(thread: number, automaton: Automaton, node: number, alternative: number): void {
    const op = automaton.op[node]!;
    this.answerLow = 0;
    this.answerHigh = 0;
    if (op === STEP_LOAD) this.#load(thread, automaton, node, alternative);
    else if (op === STEP_STORE) this.#store(thread, automaton, node, alternative);
    else if (isLocked(op)) this.#lock(thread, automaton, node);
    else if (op === STEP_MB) this.#fence(thread);
    // Whoever meets the others has seen all that they did.
    else if (op === STEP_MEET) this.retire(thread);
    else if (op === STEP_RMB) this.#join(this.#current(thread), this.#acquired(thread));
    else if (op === STEP_WMB) this.#copy(this.#released(thread), this.#current(thread));
    else if (op === STEP_WAIT) this.#wake(thread, automaton, node);
    else if (op === STEP_CHOOSE) this.answerLow = alternative;
    else if (op === STEP_TSC) {
      this.answerLow = this.#floor(thread) + alternative;
      this.#raiseFloor(thread, this.answerLow);
    } else if (op === STEP_TSC_ORDERED) {
      this.answerLow = this.tick;
      this.#raiseFloor(thread, this.tick);
    }
  }

  ghost(thread: number, automaton: Automaton, node: number): void {
    this.#ghosts.access(automaton, node);
    this.answerLow = this.#ghosts.answerLow;
    this.answerHigh = this.#ghosts.answerHigh;
    const op = automaton.op[node]!;
    if (op !== STEP_STORE) this.#join(this.#current(thread), this.#checkerView);
    if (op !== STEP_LOAD) this.#join(this.#checkerView, this.#current(thread));
  }

  isLocal(_thread: number, automaton: Automaton, node: number): boolean {
    const op = automaton.op[node]!;
    return op === STEP_RMB || op === STEP_WMB;
  }
  retire(thread: number): void {
    for (let location = 0; location < this.#locations; location++) {
      this.#setView(this.#current(thread), location, this.#counts[location]! - 1);
      this.#setView(this.#acquired(thread), location, 0);
      this.#setView(this.#released(thread), location, 0);
    }
  }
  buffered(): boolean {
    return false;
  }
  device(cell: number): number {
    return this.valueOf(cell);
  }
  valueOf(cell: number): number {
    const location = this.#locationOf[cell]!;
    if (location < 0) return this.#words[this.#ghosts.base + cell]!;
    const newest = location * MOST_MESSAGES + this.#counts[location]! - 1;
    return this.#isUpper[cell] === 1 ? this.#high[newest]! : this.#low[newest]!;
  }

  get tick(): number {
    return this.#words[this.#threads]!;
  }
  ready(): boolean {
    return this.tick < this.#shape.clockSteps;
  }
  act(): void {
    this.#words[this.#threads]!++;
  }
  oldest(): undefined {}

  #floor(thread: number): number {
    return this.#words[this.#threads + 1 + thread]!;
  }
  #raiseFloor(thread: number, tick: number): void {
    this.#words[this.#threads + 1 + thread] = tick;
  }

  #load(thread: number, automaton: Automaton, node: number, back: number): void {
    const cell = automaton.cell[node]!;
    const location = this.#locationOf[cell]!;
    const position = this.#counts[location]! - 1 - back;
    const message = location * MOST_MESSAGES + position;
    this.#answer(automaton, node, message);
    this.#setView(this.#current(thread), location, position);
    this.#join(this.#acquired(thread), message);
  }

  /** What a load of a message answers: all of it, or the part that the step is about. */
  #answer(automaton: Automaton, node: number, message: number): void {
    const bytes = automaton.bytes[node]!;
    const low =
      this.#isUpper[automaton.cell[node]!] === 1 ? this.#high[message]! : this.#low[message]!;
    if (bytes === 8) {
      this.answerLow = this.#low[message]!;
      this.answerHigh = this.#high[message]!;
    } else if (bytes === 4) this.answerLow = low;
    else this.answerLow = (low >>> automaton.shift[node]!) & (bytes === 1 ? 0xff : 0xffff);
  }

  /** How many places in coherence order a store may take. */
  #places(thread: number, automaton: Automaton, node: number): number {
    const location = this.#locationOf[automaton.cell[node]!]!;
    const count = this.#counts[location]!;
    if (!this.#isWhole(automaton, node)) return 1;
    let places = 1;
    for (let place = count - 1; place > this.#view(this.#current(thread), location); place--) {
      if (this.#locked[location * MOST_MESSAGES + place] === 0) places++;
    }
    return places;
  }

  /** Whether an access is to all of its location. */
  #isWhole(automaton: Automaton, node: number): boolean {
    const cell = automaton.cell[node]!;
    const wide = this.#shape.upperOf[cell]! >= 0 || this.#isUpper[cell] === 1;
    return automaton.bytes[node] === (wide ? 8 : 4);
  }

  #store(thread: number, automaton: Automaton, node: number, alternative: number): void {
    const location = this.#locationOf[automaton.cell[node]!]!;
    this.#makeRoom(location);
    let place = this.#counts[location]!;
    for (let left = alternative; left > 0; left--) {
      place--;
      while (this.#locked[location * MOST_MESSAGES + place] === 1) place--;
    }
    const newest = location * MOST_MESSAGES + this.#counts[location]! - 1;
    const oldLow = this.#low[newest]!;
    const oldHigh = this.#high[newest]!;
    this.#insert(location, place);
    const message = location * MOST_MESSAGES + place;
    this.#write(automaton, node, message, oldLow, oldHigh, STEP_STORE);
    this.#copy(message, this.#released(thread));
    this.#setView(message, location, place);
    this.#setView(this.#current(thread), location, place);
  }

  /** Leaves in a message what an access makes of the values before it. */
  #write(
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
    this.#low[message] = oldLow;
    this.#high[message] = oldHigh;
    if (bytes === 8) {
      this.#low[message] = stored(op, oldLow, low, low2);
      this.#high[message] = storedHigh(op, oldLow, low, oldHigh, high, automaton.high2[node]!);
      return;
    }
    const upper = this.#isUpper[automaton.cell[node]!] === 1;
    const old = upper ? oldHigh : oldLow;
    let value = stored(op, bytes === 4 ? old : old >>> automaton.shift[node]!, low, low2);
    if (bytes < 4) {
      const shift = automaton.shift[node]!;
      const mask = bytes === 1 ? 0xff : 0xffff;
      value = (old & ~(mask << shift)) | ((value & mask) << shift);
    }
    if (upper) this.#high[message] = value;
    else this.#low[message] = value;
  }

  /** A locked operation: a fence, the newest message, its successor, a fence. */
  #lock(thread: number, automaton: Automaton, node: number): void {
    this.#fence(thread);
    const op = automaton.op[node]!;
    const location = this.#locationOf[automaton.cell[node]!]!;
    this.#makeRoom(location);
    const count = this.#counts[location]!;
    const newest = location * MOST_MESSAGES + count - 1;
    this.#answer(automaton, node, newest);
    this.#setView(this.#current(thread), location, count - 1);
    this.#join(this.#acquired(thread), newest);
    const fails =
      op === STEP_CMPXCHG &&
      (this.answerLow !== automaton.low[node] ||
        (automaton.bytes[node] === 8 && this.answerHigh !== automaton.high[node]));
    if (!fails) {
      const message = newest + 1;
      this.#write(automaton, node, message, this.#low[newest]!, this.#high[newest]!, op);
      this.#counts[location] = count + 1;
      this.#locked[message] = 1;
      // A release sequence: whoever reads this one has read the one before.
      this.#copy(message, newest);
      this.#join(message, this.#released(thread));
      this.#setView(message, location, count);
      this.#setView(this.#current(thread), location, count);
    }
    this.#fence(thread);
  }

  /** A fence of the one global order. */
  #fence(thread: number): void {
    const current = this.#current(thread);
    this.#join(current, this.#acquired(thread));
    this.#join(current, this.#globalView);
    this.#copy(this.#globalView, current);
    this.#copy(this.#released(thread), current);
    this.#raiseFloor(thread, this.tick);
  }

  #wake(thread: number, automaton: Automaton, node: number): void {
    const location = this.#locationOf[automaton.cell[node]!]!;
    const newest = this.#counts[location]! - 1;
    this.#setView(this.#current(thread), location, newest);
    this.#join(this.#current(thread), location * MOST_MESSAGES + newest);
  }

  /** Sees to it that a location has room for one message more. */
  #makeRoom(location: number): void {
    if (this.#counts[location]! < MOST_MESSAGES) return;
    this.#forget();
    if (this.#counts[location]! < MOST_MESSAGES) return;
    this.dropped = true;
    this.#drop(location, 1);
  }

  /** Takes the place of a message: those behind move on, in every view. */
  #insert(location: number, place: number): void {
    const base = location * MOST_MESSAGES;
    const count = this.#counts[location]!;
    const locations = this.#locations;
    const views = this.#views;
    for (let position = count; position > place; position--) {
      this.#low[base + position] = this.#low[base + position - 1]!;
      this.#high[base + position] = this.#high[base + position - 1]!;
      this.#locked[base + position] = this.#locked[base + position - 1]!;
      this.#copy(base + position, base + position - 1);
    }
    this.#locked[base + place] = 0;
    this.#counts[location] = count + 1;
    if (place === count) return;
    for (let view = 0; view < this.#viewCount; view++) {
      const at = view * locations + location;
      if (views[at]! >= place) views[at]!++;
    }
  }

  /** Drops what nobody can read any more, and what no view needs to say. */
  #forget(): void {
    const locations = this.#locations;
    const views = this.#views;
    for (let location = 0; location < locations; location++) {
      let oldest = this.#counts[location]! - 1;
      // Who comes back by a locked operation reads the newest message, and so whatever others have seen.
      for (let thread = 0; oldest > 0 && thread < this.#threads; thread++) {
        const own = this.#view(this.#current(thread), location);
        if (own < oldest && this.#mayAccess(thread, location)) oldest = own;
      }
      if (oldest > 0) this.#drop(location, oldest);
    }
    for (let thread = 0; thread < this.#threads; thread++) {
      const current = this.#current(thread) * locations;
      const acquired = this.#acquired(thread) * locations;
      for (let location = 0; location < locations; location++) {
        if (views[acquired + location]! <= views[current + location]!)
          views[acquired + location] = 0;
      }
    }
  }

  /** Drops so many messages of a location, the oldest ones: who has not read them, will not. */
  #drop(location: number, oldest: number): void {
    const views = this.#views;
    const locations = this.#locations;
    const base = location * MOST_MESSAGES;
    const count = this.#counts[location]! - oldest;
    this.#counts[location] = count;
    for (let position = 0; position < count; position++) {
      this.#low[base + position] = this.#low[base + position + oldest]!;
      this.#high[base + position] = this.#high[base + position + oldest]!;
      this.#locked[base + position] = this.#locked[base + position + oldest]!;
      this.#copy(base + position, base + position + oldest);
    }
    this.#locked[base] = 0;
    for (let view = 0; view < this.#viewCount; view++) {
      const at = view * locations + location;
      views[at] = views[at]! > oldest ? views[at]! - oldest : 0;
    }
  }

  #current(thread: number): number {
    return this.#threadViews + 3 * thread;
  }
  #acquired(thread: number): number {
    return this.#threadViews + 3 * thread + 1;
  }
  #released(thread: number): number {
    return this.#threadViews + 3 * thread + 2;
  }
  #view(view: number, location: number): number {
    return this.#views[view * this.#locations + location]!;
  }
  #setView(view: number, location: number, position: number): void {
    this.#views[view * this.#locations + location] = position;
  }
  #copy(to: number, from: number): void {
    const locations = this.#locations;
    this.#views.copyWithin(to * locations, from * locations, (from + 1) * locations);
  }
  #join(into: number, other: number): void {
    const locations = this.#locations;
    const views = this.#views;
    for (let location = 0; location < locations; location++) {
      const theirs = views[other * locations + location]!;
      if (theirs > views[into * locations + location]!) views[into * locations + location] = theirs;
    }
  }

  #packView(view: number, to: number): number {
    const { packed } = this;
    const from = view * this.#locations;
    let place = to;
    for (let location = 0; location < this.#locations; location += PER_WORD) {
      let word = 0;
      for (let at = 0; at < PER_WORD && location + at < this.#locations; at++) {
        word |= this.#views[from + location + at]! << (at * BITS);
      }
      packed[place++] = word;
    }
    return place;
  }
  #unpackView(view: number, words: Int32Array, from: number): number {
    const to = view * this.#locations;
    let place = from;
    for (let location = 0; location < this.#locations; location += PER_WORD) {
      const word = words[place++]!;
      for (let at = 0; at < PER_WORD && location + at < this.#locations; at++) {
        this.#views[to + location + at] = (word >>> (at * BITS)) & 0x1f;
      }
    }
    return place;
  }
}

function isUpperOfAnother(upperOf: Int32Array, cell: number): boolean {
  return upperOf.indexOf(cell) >= 0;
}
