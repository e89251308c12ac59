import type { Automaton } from '../automaton.ts';
import {
  isLocked,
  STEP_CHOOSE,
  STEP_END,
  STEP_LOAD,
  STEP_MB,
  STEP_MEET,
  STEP_STORE,
  STEP_TSC,
  STEP_TSC_ORDERED,
  STEP_WAIT,
} from '../step.ts';
import { Cells } from './cells.ts';
import { exchange } from './exchange.ts';
import type { MemoryModel, Place, StateShape } from './memory-model.ts';

/** Stores that a store buffer holds, the checker's among them; a full one drains before it takes more. */
const CAPACITY = 64;
/** Words of a buffered store at hand: cell, upper cell, shift, bytes, low, high, whether it is the checker's. */
const FIELDS = 7;
const CELL = 0;
const UPPER = 1;
const SHIFT = 2;
const BYTES = 3;
const LOW = 4;
const HIGH = 5;
const GHOST = 6;
/** Words of the same when it is packed. */
const PACKED_FIELDS = 4;

/** What a load finds in its own store buffer. */
const NOTHING = 0;
const ALL = 1;
const A_PART = 2;

/**
 * x86-TSO: each CPU has a FIFO store buffer, from which its own loads are forwarded; locked operations
 * and fences wait until it is empty. A load that a buffered store covers in part waits for it to drain,
 * as x86 does. Source: Sewell et al., "x86-TSO".
 *
 * The checker's stores take their place among the thread's own, so that what it notes of a store is
 * seen when the store is; they drain at once when they are first in line.
 */
export class TotalStoreOrder implements MemoryModel {
  readonly name = 'tso';
  readonly fences = { mb: true, rmbAndWmb: false };
  readonly packedLength = 0;
  readonly packed: Int32Array;
  readonly nodes: Int32Array;
  readonly actors: number;
  readonly #shape: StateShape;
  readonly #threads: number;
  /** Nodes, tick, for each thread the earliest tick that its next RDTSC may see, cells. */
  readonly #words: Int32Array;
  readonly #fixed: number;
  readonly #cells: Cells;
  readonly #counts: Int32Array;
  readonly #buffers: Int32Array;
  dropped = false;
  answerLow = 0;
  answerHigh = 0;

  constructor(shape: StateShape) {
    const { threads, cells } = shape;
    this.#shape = shape;
    this.#threads = threads;
    this.actors = 1 + threads;
    this.#fixed = 2 * threads + 1 + cells.length;
    this.#words = new Int32Array(this.#fixed);
    this.nodes = this.#words.subarray(0, threads);
    this.#cells = new Cells(this.#words, 2 * threads + 1);
    this.#counts = new Int32Array(threads);
    this.#buffers = new Int32Array(threads * CAPACITY * FIELDS);
    this.packed = new Int32Array(1 + this.#fixed + threads * (1 + CAPACITY * PACKED_FIELDS));
  }

  foresee(): void {}
  reset(): void {
    this.#words.fill(0);
    this.#words.set(this.#shape.cells, this.#cells.base);
    this.#counts.fill(0);
  }

  load(words: Int32Array, at: number): void {
    let from = at + 1;
    const fixed = this.#fixed;
    for (let word = 0; word < fixed; word++) this.#words[word] = words[from + word]!;
    from += fixed;
    const buffers = this.#buffers;
    for (let thread = 0; thread < this.#threads; thread++) {
      const count = words[from++]!;
      this.#counts[thread] = count;
      let to = thread * CAPACITY * FIELDS;
      for (let entry = 0; entry < count; entry++) {
        const where = words[from]!;
        buffers[to + CELL] = where & 0xffff;
        buffers[to + SHIFT] = (where >>> 16) & 0x1f;
        buffers[to + BYTES] = (where >>> 21) & 0xf;
        buffers[to + GHOST] = (where >>> 25) & 1;
        buffers[to + UPPER] = words[from + 1]!;
        buffers[to + LOW] = words[from + 2]!;
        buffers[to + HIGH] = words[from + 3]!;
        from += PACKED_FIELDS;
        to += FIELDS;
      }
    }
  }

  pack(): number {
    const { packed } = this;
    const fixed = this.#fixed;
    for (let word = 0; word < fixed; word++) packed[1 + word] = this.#words[word]!;
    let to = 1 + fixed;
    const buffers = this.#buffers;
    for (let thread = 0; thread < this.#threads; thread++) {
      const count = this.#counts[thread]!;
      packed[to++] = count;
      let from = thread * CAPACITY * FIELDS;
      for (let entry = 0; entry < count; entry++) {
        packed[to] =
          buffers[from + CELL]! |
          (buffers[from + SHIFT]! << 16) |
          (buffers[from + BYTES]! << 21) |
          (buffers[from + GHOST]! << 25);
        packed[to + 1] = buffers[from + UPPER]!;
        packed[to + 2] = buffers[from + LOW]!;
        packed[to + 3] = buffers[from + HIGH]!;
        from += FIELDS;
        to += PACKED_FIELDS;
      }
    }
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
    const counts = this.#counts[one]! - this.#counts[other]!;
    if (counts !== 0) return counts;
    const buffers = this.#buffers;
    const length = this.#counts[one]! * FIELDS;
    for (let word = 0; word < length; word++) {
      const left = buffers[one * CAPACITY * FIELDS + word]!;
      const right = buffers[other * CAPACITY * FIELDS + word]!;
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  }
  swap(one: number, other: number): void {
    const words = this.#words;
    const floors = this.#threads + 1;
    exchange(words, one, other);
    exchange(words, floors + one, floors + other);
    const most = Math.max(this.#counts[one]!, this.#counts[other]!) * FIELDS;
    exchange(this.#counts, one, other);
    for (let word = 0; word < most; word++) {
      exchange(this.#buffers, one * CAPACITY * FIELDS + word, other * CAPACITY * FIELDS + word);
    }
  }

  alternatives(thread: number, automaton: Automaton, node: number): number {
    const op = automaton.op[node]!;
    if (op >= STEP_END) return 0;
    const empty = this.#counts[thread] === 0;
    if (op === STEP_LOAD) return empty || this.#forward(thread, automaton, node) !== A_PART ? 1 : 0;
    if (op === STEP_STORE) return this.#counts[thread]! < CAPACITY ? 1 : 0;
    if (op === STEP_MB || isLocked(op)) return empty ? 1 : 0;
    if (op === STEP_TSC) return this.tick - this.#floor(thread) + 1;
    if (op === STEP_CHOOSE) return automaton.low[node]!;
    if (op === STEP_WAIT) {
      const cell = automaton.cell[node]!;
      return empty && cell >= 0 && this.device(cell) !== 0 ? 1 : 0;
    }
    // Whoever meets the others finds all that they did in memory.
    if (op === STEP_MEET) return this.#counts.every((count) => count === 0) ? 1 : 0;
    return 1;
  }

  take(thread: number, automaton: Automaton, node: number, alternative: number): void {
    const op = automaton.op[node]!;
    this.answerLow = 0;
    this.answerHigh = 0;
    if (op === STEP_LOAD) this.#load(thread, automaton, node);
    else if (op === STEP_STORE) this.#store(thread, automaton, node);
    else if (isLocked(op)) {
      this.#now(automaton, node);
      this.#raiseFloor(thread, this.tick);
    } else if (op === STEP_MB) this.#raiseFloor(thread, this.tick);
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
    const op = automaton.op[node]!;
    this.answerLow = 0;
    this.answerHigh = 0;
    if (this.#counts[thread] === 0 || isLocked(op)) this.#now(automaton, node);
    else if (op === STEP_STORE) this.#store(thread, automaton, node);
    else this.#load(thread, automaton, node);
  }

  isLocal(thread: number, automaton: Automaton, node: number): boolean {
    return automaton.op[node] === STEP_MB && this.#counts[thread] === 0;
  }
  retire(): void {}
  buffered(thread: number, next: Int32Array, all: Int32Array): boolean {
    const buffers = this.#buffers;
    let drainsNext = true;
    for (let entry = 0; entry < this.#counts[thread]!; entry++) {
      const at = (thread * CAPACITY + entry) * FIELDS;
      // The checker's stores drain with the one before them.
      if (entry > 0 && buffers[at + GHOST] === 0) drainsNext = false;
      addCell(all, buffers[at + CELL]!);
      addCell(all, buffers[at + UPPER]!);
      if (!drainsNext) continue;
      addCell(next, buffers[at + CELL]!);
      addCell(next, buffers[at + UPPER]!);
    }
    return drainsNext;
  }
  device(cell: number): number {
    return this.#words[this.#cells.base + cell]!;
  }
  valueOf(cell: number): number {
    return this.device(cell);
  }

  get tick(): number {
    return this.#words[this.#threads]!;
  }
  ready(actor: number): boolean {
    if (actor === 0) return this.tick < this.#shape.clockSteps;
    return this.#counts[actor - 1] !== 0;
  }
  oldest(actor: number): Place | undefined {
    if (actor === 0) return undefined;
    const at = (actor - 1) * CAPACITY * FIELDS;
    return {
      cell: this.#buffers[at + CELL]!,
      upperCell: this.#buffers[at + UPPER]!,
      shift: this.#buffers[at + SHIFT]!,
      bytes: this.#buffers[at + BYTES]!,
    };
  }
  act(actor: number): void {
    if (actor === 0) {
      this.#words[this.#threads]!++;
      return;
    }
    this.#drain(actor - 1);
    const thread = actor - 1;
    while (this.#counts[thread]! > 0 && this.#buffers[thread * CAPACITY * FIELDS + GHOST] === 1) {
      this.#drain(thread);
    }
  }

  #floor(thread: number): number {
    return this.#words[this.#threads + 1 + thread]!;
  }
  #raiseFloor(thread: number, tick: number): void {
    this.#words[this.#threads + 1 + thread] = tick;
  }

  #now(automaton: Automaton, node: number): void {
    this.#cells.access(automaton, node);
    this.answerLow = this.#cells.answerLow;
    this.answerHigh = this.#cells.answerHigh;
  }

  #store(thread: number, automaton: Automaton, node: number): void {
    const at = (thread * CAPACITY + this.#counts[thread]!++) * FIELDS;
    const buffers = this.#buffers;
    buffers[at + CELL] = automaton.cell[node]!;
    buffers[at + UPPER] = automaton.upperCell[node]!;
    buffers[at + SHIFT] = automaton.shift[node]!;
    buffers[at + BYTES] = automaton.bytes[node]!;
    buffers[at + LOW] = automaton.low[node]!;
    buffers[at + HIGH] = automaton.high[node]!;
    buffers[at + GHOST] = automaton.ghost[node]!;
  }

  #load(thread: number, automaton: Automaton, node: number): void {
    if (this.#counts[thread] === 0 || this.#forward(thread, automaton, node) === NOTHING)
      this.#now(automaton, node);
  }

  /** Looks for the newest buffered store that a load overlaps; leaves its bytes as the answer. */
  #forward(thread: number, automaton: Automaton, node: number): number {
    const buffers = this.#buffers;
    const cell = automaton.cell[node]!;
    const upper = automaton.upperCell[node]!;
    const from = automaton.shift[node]!;
    const bytes = automaton.bytes[node]!;
    for (let entry = this.#counts[thread]! - 1; entry >= 0; entry--) {
      const at = (thread * CAPACITY + entry) * FIELDS;
      const theirs = buffers[at + CELL]!;
      const theirUpper = buffers[at + UPPER]!;
      const theirBytes = buffers[at + BYTES]!;
      if (bytes === 8) {
        if (theirBytes === 8 && theirs === cell) {
          this.answerLow = buffers[at + LOW]!;
          this.answerHigh = buffers[at + HIGH]!;
          return ALL;
        }
        if (theirs === cell || theirs === upper || theirUpper === cell) return A_PART;
        continue;
      }
      const isLower = theirs === cell;
      const isUpper = theirBytes === 8 && theirUpper === cell;
      if (!isLower && !isUpper) continue;
      const value = isUpper ? buffers[at + HIGH]! : buffers[at + LOW]!;
      const theirFrom = buffers[at + SHIFT]!;
      const theirBits = theirBytes >= 4 ? 32 : theirBytes * 8;
      const bits = bytes * 8;
      if (theirFrom + theirBits <= from || from + bits <= theirFrom) continue;
      if (theirFrom > from || theirFrom + theirBits < from + bits) return A_PART;
      const shifted = value >>> (from - theirFrom);
      this.answerLow = bytes === 4 ? shifted | 0 : shifted & (bytes === 1 ? 0xff : 0xffff);
      this.answerHigh = 0;
      return ALL;
    }
    return NOTHING;
  }

  #drain(thread: number): void {
    const buffers = this.#buffers;
    const at = thread * CAPACITY * FIELDS;
    const cell = this.#cells.base + buffers[at + CELL]!;
    const bytes = buffers[at + BYTES]!;
    const words = this.#words;
    if (bytes >= 4) {
      words[cell] = buffers[at + LOW]!;
      if (bytes === 8) words[this.#cells.base + buffers[at + UPPER]!] = buffers[at + HIGH]!;
    } else {
      const shift = buffers[at + SHIFT]!;
      const mask = bytes === 1 ? 0xff : 0xffff;
      words[cell] = (words[cell]! & ~(mask << shift)) | ((buffers[at + LOW]! & mask) << shift);
    }
    // A loop: a call to copyWithin takes longer than the few words that are there to be moved.
    const end = at + --this.#counts[thread]! * FIELDS;
    for (let word = at; word < end; word++) buffers[word] = buffers[word + FIELDS]!;
  }
}

function addCell(set: Int32Array, cell: number): void {
  if (cell >= 0) set[cell >>> 5]! |= 1 << (cell & 31);
}
