import { type Automaton, NONE } from '../controlled/automaton.ts';
import {
  EXIT_NEVER,
  isAccess,
  isLocked,
  mayStore,
  STEP_LOAD,
  STEP_MB,
  STEP_MEET,
  STEP_TSC,
  STEP_TSC_ORDERED,
  STEP_WAIT,
} from '../controlled/step.ts';

/**
 * What the steps of a thread touch, as sets of cells: for each automaton state the step it takes next
 * with the checker's steps behind it, and all that may follow.
 *
 * Behind the cells come the clock, the order of fences, and what the checker's accesses share.
 */
export class Footprints {
  readonly #automaton: Automaton;
  readonly #words: number;
  /** States that were known when this was made. */
  readonly size: number;
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  readonly laterReads: Int32Array;
  readonly laterWrites: Int32Array;

  /** @param cells how many there are, @param weak whether fences and the checker order things */
  constructor(automaton: Automaton, cells: number, weak: boolean) {
    this.#automaton = automaton;
    this.size = automaton.size;
    this.#words = wordsFor(cells);
    const rows = this.size * this.#words;
    this.reads = new Int32Array(rows);
    this.writes = new Int32Array(rows);
    for (let state = 0; state < this.size; state++) this.#own(state, cells, weak);
    this.#addGhosts();
    this.laterReads = this.reads.slice();
    this.laterWrites = this.writes.slice();
    this.#close();
  }

  #own(state: number, cells: number, weak: boolean): void {
    const { op, cell, upperCell, exits, kickCell, ghost } = this.#automaton;
    const kind = op[state]!;
    const row = state * this.#words;
    if (kind === STEP_MEET) {
      this.reads.fill(-1, row, row + this.#words);
      this.writes.fill(-1, row, row + this.#words);
      return;
    }
    if (isAccess(kind) || kind === STEP_WAIT) {
      if (kind !== 1) this.#add(this.reads, row, cell[state]!, upperCell[state]!);
      if (mayStore(kind)) this.#add(this.writes, row, cell[state]!, upperCell[state]!);
    }
    if (exits[state] !== EXIT_NEVER && kickCell[state]! >= 0) {
      this.#add(this.reads, row, kickCell[state]!, NONE);
    }
    if (kind === STEP_TSC || kind === STEP_TSC_ORDERED) this.#add(this.reads, row, cells, NONE);
    // A fence under TSO sets the time from which RDTSC may be early.
    if (kind === STEP_MB || isLocked(kind)) this.#add(this.reads, row, cells, NONE);
    if (!weak) return;
    if (kind === STEP_MB || isLocked(kind)) {
      this.#add(this.reads, row, cells + 1, NONE);
      this.#add(this.writes, row, cells + 1, NONE);
    }
    if (ghost[state] === 1) {
      if (kind !== 1) this.#add(this.reads, row, cells + 2, NONE);
      if (kind !== STEP_LOAD) this.#add(this.writes, row, cells + 2, NONE);
    }
  }

  /** The checker's steps belong to the step before them. */
  #addGhosts(): void {
    const { ghost, children } = this.#automaton;
    for (let state = this.size - 1; state >= 0; state--) {
      for (const child of children[state]!) {
        if (child < this.size && ghost[child] === 1)
          this.#join(this.reads, this.writes, state, child);
      }
    }
  }

  /** What follows, through loops as well. */
  #close(): void {
    const { next, exitNext, children } = this.#automaton;
    for (let changed = true; changed; ) {
      changed = false;
      for (let state = this.size - 1; state >= 0; state--) {
        for (const child of children[state]!) changed = this.#joinLater(state, child) || changed;
        if (next[state] !== NONE) changed = this.#joinLater(state, next[state]!) || changed;
        if (exitNext[state] !== NONE) changed = this.#joinLater(state, exitNext[state]!) || changed;
        for (const head of this.#automaton.headsAfter(state)) {
          changed = this.#joinLater(state, head) || changed;
        }
      }
    }
  }

  #joinLater(state: number, child: number): boolean {
    if (child >= this.size) return false;
    return this.#join(this.laterReads, this.laterWrites, state, child);
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
  }
}

/** Words of a set over so many cells and what comes behind them. */
export function wordsFor(cells: number): number {
  return Math.ceil((cells + 3) / 32);
}
