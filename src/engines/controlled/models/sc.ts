import type { Automaton } from '../automaton.ts';
import { isAccess, STEP_CHOOSE, STEP_END, STEP_TSC, STEP_TSC_ORDERED, STEP_WAIT } from '../step.ts';
import { Cells } from './cells.ts';
import type { MemoryModel, StateShape } from './memory-model.ts';

/**
 * Sequential consistency: one memory, every step is there at once.
 *
 * A state is the nodes of the threads, the cells, and the tick where there is a clock.
 */
export class SequentialConsistency implements MemoryModel {
  readonly name = 'sc';
  readonly fences = { mb: false, rmbAndWmb: false };
  readonly packed: Int32Array;
  readonly nodes: Int32Array;
  readonly actors = 1;
  readonly #shape: StateShape;
  readonly #cells: Cells;
  readonly packedLength: number;
  readonly #threads: number;
  readonly #tick: number;
  dropped = false;
  answerLow = 0;
  answerHigh = 0;

  constructor(shape: StateShape) {
    const { threads, cells } = shape;
    this.#shape = shape;
    this.#threads = threads;
    this.#tick = threads + cells.length;
    this.packedLength = this.#tick + (shape.clockSteps > 0 ? 1 : 0);
    this.packed = new Int32Array(this.#tick + 1);
    this.nodes = this.packed.subarray(0, threads);
    this.#cells = new Cells(this.packed, threads);
  }

  foresee(): void {}
  reset(): void {
    this.packed.fill(0);
    this.packed.set(this.#shape.cells, this.#threads);
  }
  load(words: Int32Array, at: number): void {
    const { packed } = this;
    const length = this.packedLength;
    for (let word = 0; word < length; word++) packed[word] = words[at + word]!;
  }
  pack(): number {
    return this.packedLength;
  }

  compare(one: number, other: number): number {
    return this.packed[one]! - this.packed[other]!;
  }
  swap(one: number, other: number): void {
    const node = this.packed[one]!;
    this.packed[one] = this.packed[other]!;
    this.packed[other] = node;
  }

  alternatives(_thread: number, automaton: Automaton, node: number): number {
    const op = automaton.op[node]!;
    if (isAccess(op)) return 1;
    if (op === STEP_CHOOSE) return automaton.low[node]!;
    if (op === STEP_WAIT) {
      const cell = automaton.cell[node]!;
      return cell >= 0 && this.device(cell) !== 0 ? 1 : 0;
    }
    if (op >= STEP_END) return 0;
    return 1;
  }
  take(_thread: number, automaton: Automaton, node: number, alternative: number): void {
    const op = automaton.op[node]!;
    if (isAccess(op)) {
      this.#access(automaton, node);
      return;
    }
    this.answerHigh = 0;
    if (op === STEP_CHOOSE) this.answerLow = alternative;
    else if (op === STEP_TSC || op === STEP_TSC_ORDERED) this.answerLow = this.packed[this.#tick]!;
    else this.answerLow = 0;
  }
  ghost(_thread: number, automaton: Automaton, node: number): void {
    this.#access(automaton, node);
  }
  #access(automaton: Automaton, node: number): void {
    this.#cells.access(automaton, node);
    this.answerLow = this.#cells.answerLow;
    this.answerHigh = this.#cells.answerHigh;
  }
  isLocal(): boolean {
    return false;
  }
  retire(): void {}
  buffered(): boolean {
    return false;
  }
  device(cell: number): number {
    return this.packed[this.#threads + cell]!;
  }
  valueOf(cell: number): number {
    return this.device(cell);
  }

  get tick(): number {
    return this.packed[this.#tick]!;
  }
  ready(): boolean {
    return this.packed[this.#tick]! < this.#shape.clockSteps;
  }
  oldest(): undefined {}
  act(): void {
    this.packed[this.#tick]!++;
  }
}
