import type { Sharing } from './sharing.ts';
import { EXIT_NEVER, isAccess, STEP_WAIT, type Step } from './step.ts';

const FIRST_CAPACITY = 256;

const NO_HEADS: readonly number[] = [];

/** Whose step a state takes: the program's (0), the checker's, or the checker's that waits for others. */
export const GHOST = 1;
export const GHOST_WAITS = 2;

/** No such state. */
export const NONE = -1;

/**
 * A thread as an automaton: a state is what the program has been answered so far, its label the step
 * it takes next. Learned lazily, kept for good: exploration walks numbers and runs no program.
 *
 * Labels are columns of numbers, one row for each state.
 */
export class Automaton {
  op = new Int32Array(FIRST_CAPACITY);
  /** Place of the shared cell that the step is about, of the upper one where it is 64 bits wide. */
  cell = new Int32Array(FIRST_CAPACITY);
  upperCell = new Int32Array(FIRST_CAPACITY);
  /** Which bits of the cell, where the step is narrower than one. */
  shift = new Int32Array(FIRST_CAPACITY);
  bytes = new Int32Array(FIRST_CAPACITY);
  low = new Int32Array(FIRST_CAPACITY);
  high = new Int32Array(FIRST_CAPACITY);
  low2 = new Int32Array(FIRST_CAPACITY);
  high2 = new Int32Array(FIRST_CAPACITY);
  ghost = new Int32Array(FIRST_CAPACITY);
  /** 1 where all there is to a state is an access of the program: what most of them are. */
  plain = new Int32Array(FIRST_CAPACITY);
  exits = new Int32Array(FIRST_CAPACITY);
  kickCell = new Int32Array(FIRST_CAPACITY);
  /** Where a step leads whose answer says nothing. */
  next = new Int32Array(FIRST_CAPACITY).fill(NONE);
  /** Where an exit leads that takes the place of the step. */
  exitNext = new Int32Array(FIRST_CAPACITY).fill(NONE);
  /** Place of what the program was doing, as a number; see `Learner`. */
  site = new Int32Array(FIRST_CAPACITY);

  readonly steps: Step[] = [];
  /** The state that a state was first reached from, and by which answer. */
  readonly parent: number[] = [];
  readonly answerLow: number[] = [];
  readonly answerHigh: number[] = [];
  readonly byExit: boolean[] = [];
  /** Outcomes counted on the way from the parent. */
  readonly outcomes: (readonly number[])[] = [];
  readonly children: number[][] = [];
  /** Heads of loops that a state's answers lead back to. */
  readonly #heads = new Map<number, number[]>();

  /** Changes whenever a state is added, or a way from one to another. */
  version = 0;

  readonly #sharing: Sharing;
  #edges = new Int32Array(4 * 512);
  #edgeCount = 0;

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  get size(): number {
    return this.steps.length;
  }

  /** Adds a state that an answer leads to from `parent`; the first one has none. */
  add(
    step: Step,
    site: number,
    parent: number,
    low: number,
    high: number,
    byExit: boolean,
    outcomes: readonly number[],
  ): number {
    const state = this.steps.length;
    this.version++;
    if (state === this.op.length) this.#widen();
    this.steps.push(step);
    this.parent.push(parent);
    this.answerLow.push(low);
    this.answerHigh.push(high);
    this.byExit.push(byExit);
    this.outcomes.push(outcomes);
    this.children.push([]);
    if (parent !== NONE) this.children[parent]!.push(state);
    const accesses = isAccess(step.op) || step.op === STEP_WAIT;
    this.op[state] = step.op;
    this.cell[state] = accesses ? this.#sharing.placeOf(step.address) : NONE;
    this.upperCell[state] = step.bytes === 8 ? this.#sharing.placeOf(step.address + 4) : NONE;
    this.shift[state] = (step.address & 3) * 8;
    this.bytes[state] = step.bytes;
    this.low[state] = step.low;
    this.high[state] = step.high;
    this.low2[state] = step.low2;
    this.high2[state] = step.high2;
    this.ghost[state] = step.ghost ? (step.waits ? GHOST_WAITS : GHOST) : 0;
    this.exits[state] = step.exits;
    this.plain[state] =
      isAccess(step.op) && !step.ghost && step.exits === EXIT_NEVER && outcomes.length === 0
        ? 1
        : 0;
    this.kickCell[state] = step.exits === EXIT_NEVER ? NONE : this.#sharing.placeOf(step.kick);
    this.site[state] = site;
    return state;
  }

  /** Notes that an answer leads back to the head of a loop. */
  loop(state: number, head: number): void {
    this.version++;
    const heads = this.#heads.get(state);
    if (heads === undefined) this.#heads.set(state, [head]);
    else heads.push(head);
  }
  headsAfter(state: number): readonly number[] {
    return this.#heads.get(state) ?? NO_HEADS;
  }

  /** The state that an answer leads to, or {@link NONE} where that is not known. */
  follow(state: number, low: number, high: number): number {
    const edges = this.#edges;
    const mask = (edges.length >>> 2) - 1;
    let slot = mix(state, low, high) & mask;
    for (;;) {
      const at = slot << 2;
      const child = edges[at + 3]!;
      if (child === 0) return NONE;
      if (edges[at] === state && edges[at + 1] === low && edges[at + 2] === high) return child - 1;
      slot = (slot + 1) & mask;
    }
  }

  /** Notes where an answer leads. */
  link(state: number, low: number, high: number, child: number): void {
    if (this.#edgeCount * 2 >= this.#edges.length >>> 2) this.#growEdges();
    insert(this.#edges, state, low, high, child + 1);
    this.#edgeCount++;
  }

  #growEdges(): void {
    const old = this.#edges;
    const larger = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 4) {
      const child = old[at + 3]!;
      if (child !== 0) insert(larger, old[at]!, old[at + 1]!, old[at + 2]!, child);
    }
    this.#edges = larger;
  }

  #widen(): void {
    this.op = wider(this.op);
    this.cell = wider(this.cell);
    this.upperCell = wider(this.upperCell);
    this.shift = wider(this.shift);
    this.bytes = wider(this.bytes);
    this.low = wider(this.low);
    this.high = wider(this.high);
    this.low2 = wider(this.low2);
    this.high2 = wider(this.high2);
    this.ghost = wider(this.ghost);
    this.plain = wider(this.plain);
    this.exits = wider(this.exits);
    this.kickCell = wider(this.kickCell);
    this.site = wider(this.site);
    this.next = wider(this.next, NONE);
    this.exitNext = wider(this.exitNext, NONE);
  }
}

function wider(column: Int32Array<ArrayBuffer>, fill = 0): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(column.length * 2).fill(fill, column.length);
  larger.set(column);
  return larger;
}

function insert(edges: Int32Array, state: number, low: number, high: number, child: number): void {
  const mask = (edges.length >>> 2) - 1;
  let slot = mix(state, low, high) & mask;
  while (edges[(slot << 2) + 3] !== 0) slot = (slot + 1) & mask;
  const at = slot << 2;
  edges[at] = state;
  edges[at + 1] = low;
  edges[at + 2] = high;
  edges[at + 3] = child;
}

function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
