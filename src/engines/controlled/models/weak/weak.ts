import type { Automaton } from '../../automaton.ts';
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
} from '../../step.ts';
import { Cells } from '../cells.ts';
import { exchange } from '../exchange.ts';
import type { Future, MemoryModel, StateShape } from '../memory-model.ts';
import { Futures } from './futures.ts';
import { Histories, MOST_MESSAGES } from './histories.ts';
import { Locations } from './locations.ts';
import type { Views } from './views.ts';

/** What is assumed of an execution where a message was dropped for lack of room. */
export const NEWEST_VALUES = `newest-values:${MOST_MESSAGES}`;

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
  readonly #locations: Locations;
  readonly #histories: Histories;
  readonly #views: Views;
  readonly #futures: Futures;
  dropped = false;
  answerLow = 0;
  answerHigh = 0;

  constructor(shape: StateShape) {
    const { threads, cells } = shape;
    this.#shape = shape;
    this.#threads = threads;
    this.#words = new Int32Array(2 * threads + 1 + cells.length);
    this.nodes = this.#words.subarray(0, threads);
    this.#ghosts = new Cells(this.#words, 2 * threads + 1);
    this.#locations = new Locations(shape);
    this.#histories = new Histories(this.#locations, threads);
    this.#views = this.#histories.views;
    this.#futures = new Futures(this.#locations);
    const others = (this.#views.count - this.#views.current(0)) * this.#views.words;
    this.packed = new Int32Array(1 + this.#words.length + this.#histories.mostWords + others);
  }

  foresee(futures: readonly Future[]): void {
    this.#futures.become(futures);
  }

  reset(): void {
    const { cells, ghost } = this.#shape;
    this.#words.fill(0);
    for (let cell = 0; cell < cells.length; cell++) {
      if (ghost[cell] === 1) this.#words[this.#ghosts.base + cell] = cells[cell]!;
    }
    this.#views.reset();
    this.#histories.reset();
  }

  load(words: Int32Array, at: number): void {
    let from = at + 1;
    for (let word = 0; word < this.#words.length; word++) this.#words[word] = words[from++]!;
    from = this.#histories.unpack(words, from);
    const views = this.#views;
    for (let view = views.current(0); view < views.count; view++)
      from = views.unpack(view, words, from);
  }

  pack(): number {
    this.#forget();
    const { packed } = this;
    let to = 1;
    for (let word = 0; word < this.#words.length; word++) packed[to++] = this.#words[word]!;
    to = this.#histories.pack(packed, to);
    const views = this.#views;
    for (let view = views.current(0); view < views.count; view++) to = views.pack(view, packed, to);
    packed[0] = to;
    return to;
  }

  compare(one: number, other: number): number {
    const words = this.#words;
    const floors = this.#threads + 1;
    const nodes = words[one]! - words[other]!;
    if (nodes !== 0) return nodes;
    const waits = words[floors + one]! - words[floors + other]!;
    return waits !== 0 ? waits : this.#views.compare(one, other);
  }
  swap(one: number, other: number): void {
    const floors = this.#threads + 1;
    exchange(this.#words, one, other);
    exchange(this.#words, floors + one, floors + other);
    this.#views.swap(one, other);
  }

  alternatives(thread: number, automaton: Automaton, node: number): number {
    const op = automaton.op[node]!;
    if (op === STEP_LOAD) {
      const location = this.#locations.ofStep(automaton, node);
      return this.#histories.counts[location]! - this.#oldest(thread, location);
    }
    if (op === STEP_STORE) {
      if (!this.#locations.isWhole(automaton, node)) return 1;
      const location = this.#locations.ofStep(automaton, node);
      return this.#histories.placesBehind(location, this.#oldest(thread, location));
    }
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
    else if (op === STEP_RMB)
      this.#views.join(this.#views.current(thread), this.#views.acquired(thread));
    else if (op === STEP_WMB)
      this.#views.copy(this.#views.released(thread), this.#views.current(thread));
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
    const views = this.#views;
    if (op !== STEP_STORE) views.join(views.current(thread), views.checker);
    if (op !== STEP_LOAD) views.join(views.checker, views.current(thread));
  }

  isLocal(_thread: number, automaton: Automaton, node: number): boolean {
    const op = automaton.op[node]!;
    return op === STEP_RMB || op === STEP_WMB;
  }
  retire(thread: number): void {
    const views = this.#views;
    for (let location = 0; location < this.#locations.count; location++) {
      views.set(views.current(thread), location, this.#histories.counts[location]! - 1);
      views.set(views.acquired(thread), location, 0);
      views.set(views.released(thread), location, 0);
    }
  }
  buffered(): boolean {
    return false;
  }
  device(cell: number): number {
    return this.valueOf(cell);
  }
  valueOf(cell: number): number {
    const location = this.#locations.of[cell]!;
    if (location < 0) return this.#words[this.#ghosts.base + cell]!;
    const newest = this.#histories.newest(location);
    const { low, high } = this.#histories;
    return this.#locations.isUpper[cell] === 1 ? high[newest]! : low[newest]!;
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

  /** Position of the oldest message of a location that a thread may still read. */
  #oldest(thread: number, location: number): number {
    return this.#views.at(this.#views.current(thread), location);
  }

  #answer(automaton: Automaton, node: number, message: number): void {
    this.#histories.answer(automaton, node, message);
    this.answerLow = this.#histories.answerLow;
    this.answerHigh = this.#histories.answerHigh;
  }

  #load(thread: number, automaton: Automaton, node: number, back: number): void {
    const location = this.#locations.ofStep(automaton, node);
    const message = this.#histories.newest(location) - back;
    this.#answer(automaton, node, message);
    this.#read(thread, location, message);
  }

  /** Who has read a message reads no older one, and has acquired what comes with it. */
  #read(thread: number, location: number, message: number): void {
    const views = this.#views;
    views.set(views.current(thread), location, message - location * MOST_MESSAGES);
    views.join(views.acquired(thread), message);
  }

  #store(thread: number, automaton: Automaton, node: number, alternative: number): void {
    const histories = this.#histories;
    const views = this.#views;
    const location = this.#locations.ofStep(automaton, node);
    this.#makeRoom(location);
    const place = histories.placeAt(location, alternative);
    const newest = histories.newest(location);
    const oldLow = histories.low[newest]!;
    const oldHigh = histories.high[newest]!;
    histories.insert(location, place);
    const message = location * MOST_MESSAGES + place;
    histories.write(automaton, node, message, oldLow, oldHigh, STEP_STORE);
    views.copy(message, views.released(thread));
    this.#wrote(thread, location, place);
  }

  #wrote(thread: number, location: number, position: number): void {
    this.#views.set(location * MOST_MESSAGES + position, location, position);
    this.#views.set(this.#views.current(thread), location, position);
  }

  /** A locked operation: a fence, the newest message, its successor, a fence. */
  #lock(thread: number, automaton: Automaton, node: number): void {
    this.#fence(thread);
    const histories = this.#histories;
    const op = automaton.op[node]!;
    const location = this.#locations.ofStep(automaton, node);
    this.#makeRoom(location);
    const newest = histories.newest(location);
    this.#answer(automaton, node, newest);
    this.#read(thread, location, newest);
    const fails =
      op === STEP_CMPXCHG &&
      (this.answerLow !== automaton.low[node] ||
        (automaton.bytes[node] === 8 && this.answerHigh !== automaton.high[node]));
    if (!fails) this.#succeed(thread, automaton, node, location, newest);
    this.#fence(thread);
  }

  /** Adds what a locked operation makes of the newest message. */
  #succeed(
    thread: number,
    automaton: Automaton,
    node: number,
    location: number,
    newest: number,
  ): void {
    const histories = this.#histories;
    const message = newest + 1;
    const { low, high, counts } = histories;
    histories.write(automaton, node, message, low[newest]!, high[newest]!, automaton.op[node]!);
    histories.locked[message] = 1;
    // A release sequence: whoever reads this one has read the one before.
    this.#views.copy(message, newest);
    this.#views.join(message, this.#views.released(thread));
    this.#wrote(thread, location, counts[location]!++);
  }

  /** A fence of the one global order. */
  #fence(thread: number): void {
    const views = this.#views;
    const current = views.current(thread);
    views.join(current, views.acquired(thread));
    views.join(current, views.global);
    views.copy(views.global, current);
    views.copy(views.released(thread), current);
    this.#raiseFloor(thread, this.tick);
  }

  #wake(thread: number, automaton: Automaton, node: number): void {
    const location = this.#locations.ofStep(automaton, node);
    const newest = this.#histories.newest(location);
    const current = this.#views.current(thread);
    this.#views.set(current, location, newest - location * MOST_MESSAGES);
    this.#views.join(current, newest);
  }

  /** Sees to it that a location has room for one message more. */
  #makeRoom(location: number): void {
    const { counts } = this.#histories;
    if (counts[location]! < MOST_MESSAGES) return;
    this.#forget();
    if (counts[location]! < MOST_MESSAGES) return;
    this.dropped = true;
    this.#histories.drop(location, 1);
  }

  /** Drops what nobody can read any more, and what no view needs to say. */
  #forget(): void {
    for (let location = 0; location < this.#locations.count; location++) {
      let oldest = this.#histories.counts[location]! - 1;
      // Who comes back by a locked operation reads the newest message, and so whatever others have seen.
      for (let thread = 0; oldest > 0 && thread < this.#threads; thread++) {
        const own = this.#oldest(thread, location);
        if (own < oldest && this.#futures.mayAccess(thread, this.nodes[thread]!, location))
          oldest = own;
      }
      if (oldest > 0) this.#histories.drop(location, oldest);
    }
    for (let thread = 0; thread < this.#threads; thread++) this.#views.forgetAcquired(thread);
  }
}
