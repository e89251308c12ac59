import { type Automaton, GHOST, NONE } from '../controlled/automaton.ts';
import type { Future, ModelName } from '../controlled/models/memory-model.ts';
import {
  EXIT_NEVER,
  isAccess,
  isLocked,
  mayStore,
  STEP_LOAD,
  STEP_MB,
  STEP_MEET,
  STEP_RMB,
  STEP_STORE,
  STEP_TSC,
  STEP_TSC_ORDERED,
  STEP_WAIT,
  STEP_WMB,
} from '../controlled/step.ts';

/**
 * What the steps of a thread touch, as sets of cells: for each automaton state the step it takes next
 * with the checker's steps behind it, and all that may follow.
 *
 * Behind the cells come the clock, the order of fences, what the checker's accesses share, and meetings.
 * Under TSO a plain store goes into the thread's own buffer and touches nothing until it drains: it counts
 * among what may follow only.
 */
export class Footprints implements Future {
  readonly #automaton: Automaton;
  readonly #model: ModelName;
  readonly #cells: number;
  readonly #halves: Int32Array;
  readonly #words: number;
  /** Whether the thread reads the TSC without order: then its fences read the clock. */
  readonly #readsEarly: boolean;
  /** States that were known when this was made. */
  readonly states: number;
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  readonly laterReads: Int32Array;
  readonly laterWrites: Int32Array;
  /** What the thread may yet load or store other than by locked operations, its next step among it. */
  readonly #plain: Int32Array;
  /** TSO: what the checker may yet store. That goes into the store buffer unless it is empty. */
  readonly laterNotes: Int32Array;
  readonly #version: number;
  /** Cells that the thread looks at in memory, whatever its own store buffer holds: an exit at the kick word, the checker's locked operations. */
  readonly pastBuffer: Int32Array;

  /** @param halves of each cell the other half of its 64 bits, or −1 */
  constructor(automaton: Automaton, halves: Int32Array, model: ModelName) {
    const cells = halves.length;
    this.#automaton = automaton;
    this.#halves = halves;
    this.#model = model;
    this.#cells = cells;
    this.states = automaton.size;
    this.#words = wordsFor(cells);
    this.#readsEarly = automaton.op.subarray(0, this.states).includes(STEP_TSC);
    const rows = this.states * this.#words;
    this.reads = new Int32Array(rows);
    this.writes = new Int32Array(rows);
    this.pastBuffer = new Int32Array(this.#words);
    this.#plain = new Int32Array(rows);
    this.laterNotes = new Int32Array(rows);
    this.#version = automaton.version;
    for (let state = 0; state < this.states; state++) this.#own(state);
    this.laterReads = this.reads.slice();
    this.laterWrites = this.writes.slice();
    this.#addBuffered();
    this.#addGhosts();
    this.#close();
  }

  /** Whether all that is known of the thread now was known when this was made. */
  get isComplete(): boolean {
    return this.#automaton.version === this.#version;
  }

  /** Whether what has been learned since changes nothing of what this says. */
  get stillHolds(): boolean {
    if (this.isComplete) return true;
    const now = new Footprints(this.#automaton, this.#halves, this.#model);
    return this.#sets().every((set, at) => isBeginning(set, now.#sets()[at]!));
  }

  #sets(): readonly Int32Array[] {
    const { reads, writes, laterReads, laterWrites, laterNotes, pastBuffer } = this;
    return [reads, writes, laterReads, laterWrites, laterNotes, pastBuffer, this.#plain];
  }

  mayAccess(state: number, cell: number): boolean {
    return (this.#plain[state * this.#words + (cell >>> 5)]! & (1 << (cell & 31))) !== 0;
  }

  #own(state: number): void {
    const { op, cell, upperCell, exits, kickCell, ghost } = this.#automaton;
    const kind = op[state]!;
    const row = state * this.#words;
    // Nobody meets the others before these have come to their ends: of two that meet, one is first.
    if (kind === STEP_MEET) this.#add(this.writes, row, this.#cells + 3, NONE);
    if (this.#model === 'tso' && ghost[state] !== 0 && kind === STEP_STORE)
      this.#add(this.laterNotes, row, cell[state]!, upperCell[state]!);
    if ((kind === STEP_LOAD || kind === STEP_STORE) && ghost[state] === 0)
      this.#add(this.#plain, row, cell[state]!, upperCell[state]!);
    if (isAccess(kind) || kind === STEP_WAIT) {
      if (kind !== STEP_STORE) this.#add(this.reads, row, cell[state]!, upperCell[state]!);
      if (mayStore(kind) && !this.#isBuffered(state))
        this.#add(this.writes, row, cell[state]!, upperCell[state]!);
    }
    if (exits[state] !== EXIT_NEVER && kickCell[state]! >= 0) {
      this.#add(this.reads, row, kickCell[state]!, NONE);
      this.#add(this.pastBuffer, 0, kickCell[state]!, NONE);
    }
    if (ghost[state] !== 0 && isLocked(kind))
      this.#add(this.pastBuffer, 0, cell[state]!, upperCell[state]!);
    const fences = kind === STEP_MB || isLocked(kind);
    // A fence sets the time from which RDTSC may be early.
    if (kind === STEP_TSC || kind === STEP_TSC_ORDERED || (fences && this.#readsEarly))
      this.#add(this.reads, row, this.#cells, NONE);
    if (this.#model !== 'weak') return;
    if (fences) {
      this.#add(this.reads, row, this.#cells + 1, NONE);
      this.#add(this.writes, row, this.#cells + 1, NONE);
    }
    if (ghost[state] !== 0) {
      if (kind !== STEP_STORE) this.#add(this.reads, row, this.#cells + 2, NONE);
      if (kind !== STEP_LOAD) this.#add(this.writes, row, this.#cells + 2, NONE);
    }
  }

  #isBuffered(state: number): boolean {
    const { op, ghost } = this.#automaton;
    return this.#model === 'tso' && op[state] === STEP_STORE && ghost[state] === 0;
  }

  #addBuffered(): void {
    const { cell, upperCell } = this.#automaton;
    for (let state = 0; state < this.states; state++) {
      if (!this.#isBuffered(state)) continue;
      this.#add(this.laterWrites, state * this.#words, cell[state]!, upperCell[state]!);
    }
  }

  /** The checker's steps, and fences that concern nobody else, are taken with the step before them. */
  #addGhosts(): void {
    const { children } = this.#automaton;
    for (let changed = true; changed; ) {
      changed = false;
      for (let state = this.states - 1; state >= 0; state--) {
        for (const child of children[state]!) changed = this.#takeAlong(state, child) || changed;
        for (const other of this.#automaton.headsAfter(state))
          changed = this.#takeAlong(state, other) || changed;
      }
    }
  }

  #takeAlong(state: number, next: number): boolean {
    if (next >= this.states || !this.#isTakenAlong(next)) return false;
    return this.#join(this.reads, this.writes, state, next);
  }

  #isTakenAlong(state: number): boolean {
    const { op, ghost } = this.#automaton;
    if (ghost[state] === GHOST) return true;
    const kind = op[state];
    return this.#model === 'tso' ? kind === STEP_MB : kind === STEP_RMB || kind === STEP_WMB;
  }

  /** What follows, through loops as well. */
  #close(): void {
    const { op, next, exitNext, children } = this.#automaton;
    for (let changed = true; changed; ) {
      changed = false;
      for (let state = this.states - 1; state >= 0; state--) {
        if (exitNext[state] !== NONE) changed = this.#joinLater(state, exitNext[state]!) || changed;
        if (op[state] === STEP_MEET) {
          if (next[state] !== NONE) changed = this.#joinClock(state, next[state]!) || changed;
          continue;
        }
        for (const child of children[state]!) changed = this.#joinLater(state, child) || changed;
        if (next[state] !== NONE) changed = this.#joinLater(state, next[state]!) || changed;
        for (const head of this.#automaton.headsAfter(state)) {
          changed = this.#joinLater(state, head) || changed;
        }
      }
    }
  }

  #joinLater(state: number, child: number): boolean {
    if (child >= this.states) return false;
    const changed = this.#join(this.laterReads, this.laterWrites, state, child);
    return this.#join(this.#plain, this.laterNotes, state, child) || changed;
  }

  /** What follows a meeting comes after all steps of others, but not after the clock's. */
  #joinClock(state: number, child: number): boolean {
    if (child >= this.states) return false;
    const word = this.#cells >>> 5;
    const bit = this.laterReads[child * this.#words + word]! & (1 << (this.#cells & 31));
    const to = state * this.#words + word;
    if ((bit & ~this.laterReads[to]!) === 0) return false;
    this.laterReads[to]! |= bit;
    return true;
  }

  #join(reads: Int32Array, writes: Int32Array, state: number, child: number): boolean {
    const words = this.#words;
    let changed = 0;
    for (let word = 0; word < words; word++) {
      const to = state * words + word;
      const from = child * words + word;
      changed |= (reads[from]! & ~reads[to]!) | (writes[from]! & ~writes[to]!);
      reads[to]! |= reads[from]!;
      writes[to]! |= writes[from]!;
    }
    return changed !== 0;
  }

  #add(set: Int32Array, row: number, cell: number, upper: number): void {
    set[row + (cell >>> 5)]! |= 1 << (cell & 31);
    if (upper >= 0) set[row + (upper >>> 5)]! |= 1 << (upper & 31);
    // Messages are of all 64 bits: their order, and who has read which, is that of both halves.
    const half = this.#model === 'weak' && cell < this.#cells ? this.#halves[cell]! : NONE;
    if (half >= 0) set[row + (half >>> 5)]! |= 1 << (half & 31);
  }
}

function isBeginning(set: Int32Array, longer: Int32Array): boolean {
  return set.every((word, at) => word === longer[at]);
}

/** Words of a set over so many cells and what comes behind them. */
export function wordsFor(cells: number): number {
  return Math.ceil((cells + 4) / 32);
}
