import type { Automaton } from '../automaton.ts';
import { STEP_CMPXCHG, STEP_LOAD } from '../step.ts';
import { stored, storedHigh } from '../stored.ts';

/** One memory of 32-bit cells, and accesses of 8 to 64 bits to it that are there at once. */
export class Cells {
  readonly words: Int32Array;
  /** Where in `words` the cells begin. */
  readonly base: number;
  answerLow = 0;
  answerHigh = 0;

  constructor(words: Int32Array, base: number) {
    this.words = words;
    this.base = base;
  }

  /** Carries out the access of an automaton state and answers it. */
  access(automaton: Automaton, node: number): void {
    const { words } = this;
    const op = automaton.op[node]!;
    const bytes = automaton.bytes[node]!;
    const at = this.base + automaton.cell[node]!;
    if (bytes === 4) {
      const old = words[at]!;
      this.answerLow = old;
      this.answerHigh = 0;
      if (op === STEP_LOAD) return;
      const low = automaton.low[node]!;
      if (op === STEP_CMPXCHG && old !== low) return;
      words[at] = stored(op, old, low, automaton.low2[node]!);
      return;
    }
    if (bytes === 8) this.#wide(automaton, node, op, at);
    else this.#narrow(automaton, node, op, at, bytes);
  }

  #narrow(automaton: Automaton, node: number, op: number, at: number, bytes: number): void {
    const { words } = this;
    const shift = automaton.shift[node]!;
    const mask = bytes === 1 ? 0xff : 0xffff;
    const old = (words[at]! >>> shift) & mask;
    this.answerLow = old;
    this.answerHigh = 0;
    if (op === STEP_LOAD) return;
    const low = automaton.low[node]!;
    if (op === STEP_CMPXCHG && old !== low) return;
    const value = stored(op, old, low, automaton.low2[node]!) & mask;
    words[at] = (words[at]! & ~(mask << shift)) | (value << shift);
  }

  #wide(automaton: Automaton, node: number, op: number, at: number): void {
    const { words } = this;
    const upper = this.base + automaton.upperCell[node]!;
    const oldLow = words[at]!;
    const oldHigh = words[upper]!;
    this.answerLow = oldLow;
    this.answerHigh = oldHigh;
    if (op === STEP_LOAD) return;
    const low = automaton.low[node]!;
    const high = automaton.high[node]!;
    if (op === STEP_CMPXCHG && (oldLow !== low || oldHigh !== high)) return;
    words[at] = stored(op, oldLow, low, automaton.low2[node]!);
    words[upper] = storedHigh(op, oldLow, low, oldHigh, high, automaton.high2[node]!);
  }
}
