import type { Program } from '../../../scenarios/scenario.ts';

/** Samples that are kept; later ones take the place of the earliest. */
const KEPT = 8_192;

/** Times single steps. What the two readings of the clock cost themselves is taken off. */
export class Latencies {
  readonly #kept: number[] = [];
  #seen = 0;
  readonly #overhead: number;

  constructor() {
    const empty = Array.from({ length: 999 }, () => {
      const from = process.hrtime.bigint();
      return Number(process.hrtime.bigint() - from);
    }).sort((a, b) => a - b);
    this.#overhead = empty[empty.length >> 1]!;
  }

  /** Runs one step and keeps how long it took. */
  time(program: Program): void {
    const from = process.hrtime.bigint();
    program.step(0);
    const took = Math.max(1, Number(process.hrtime.bigint() - from) - this.#overhead);
    this.#seen++;
    if (this.#kept.length < KEPT) this.#kept.push(took);
    else this.#kept[this.#seen % KEPT] = took;
  }

  /** Nanoseconds of the steps that are kept. */
  get nanoseconds(): readonly number[] {
    return this.#kept;
  }
}
