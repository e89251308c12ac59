import type { Automaton } from '../../automaton.ts';
import type { StateShape } from '../memory-model.ts';

/** Locations of the weak memory: what is ever accessed as one, 32 bits or 64. The checker's cells are none. */
export class Locations {
  readonly count: number;
  /** Location of each cell, −1 for the checker's. */
  readonly of: Int32Array;
  /** Whether a cell is the upper half of its location. */
  readonly isUpper: Uint8Array;
  /** What each location holds at first. */
  readonly initialLow: Int32Array;
  readonly initialHigh: Int32Array;
  readonly #upperOf: Int32Array;

  constructor({ cells, ghost, upperOf }: StateShape) {
    this.of = new Int32Array(cells.length).fill(-1);
    this.isUpper = new Uint8Array(cells.length);
    this.#upperOf = upperOf;
    const initialLow: number[] = [];
    const initialHigh: number[] = [];
    for (let cell = 0; cell < cells.length; cell++) {
      if (ghost[cell] === 1 || this.of[cell]! >= 0) continue;
      if (upperOf.indexOf(cell) >= 0) continue;
      const upper = upperOf[cell]!;
      this.of[cell] = initialLow.length;
      if (upper >= 0) {
        this.of[upper] = initialLow.length;
        this.isUpper[upper] = 1;
      }
      initialLow.push(cells[cell]!);
      initialHigh.push(upper >= 0 ? cells[upper]! : 0);
    }
    this.count = initialLow.length;
    this.initialLow = Int32Array.from(initialLow);
    this.initialHigh = Int32Array.from(initialHigh);
  }

  /** The location that a step is about. */
  ofStep(automaton: Automaton, node: number): number {
    return this.of[automaton.cell[node]!]!;
  }

  /** Whether an access is to all of its location. */
  isWhole(automaton: Automaton, node: number): boolean {
    const cell = automaton.cell[node]!;
    const wide = this.#upperOf[cell]! >= 0 || this.isUpper[cell] === 1;
    return automaton.bytes[node] === (wide ? 8 : 4);
  }
}
