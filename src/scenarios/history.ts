import type { Ledger } from './ledger.ts';
import { type Match, matchPublished } from './match.ts';

/** Values that the ledger remembers of each history: some milliseconds of a writer at full speed. */
const REMEMBERED = 4096;

const STARTED = 0;
const FINISHED = 4;
const ENTRIES = 64;
const ENTRY_BYTES = 8;

/** Ledger bytes of one history. */
export const HISTORY_BYTES = ENTRIES + REMEMBERED * ENTRY_BYTES;

/**
 * The 64-bit values that one writer published in one place, in order: noted before the first byte of
 * each is written, so a reader can never have seen one that is not here.
 */
export class History {
  readonly #ledger: Ledger;
  readonly #base: number;

  constructor(ledger: Ledger, base: number) {
    this.#ledger = ledger;
    this.#base = base;
  }

  /** Notes what is about to be published. */
  begin(value: bigint): void {
    const number = this.started;
    this.#ledger.store64(this.#entry(number), value);
    this.#ledger.store32(this.#base + STARTED, number + 1);
  }

  /** Notes that it is out, version and all. */
  end(): void {
    this.#ledger.store32(this.#base + FINISHED, this.started);
  }

  /** How many publications have been started. */
  get started(): number {
    return this.#ledger.load32(this.#base + STARTED);
  }
  /** How many publications are out. */
  get finished(): number {
    return this.#ledger.load32(this.#base + FINISHED);
  }

  /** The oldest publication that is remembered for certain. */
  get oldest(): number {
    return Math.max(0, this.started - (REMEMBERED - 2));
  }

  /** Which publications explain what a call returned; see {@link matchPublished}. */
  match(from: number, to: number, explains: (value: bigint) => boolean): Match {
    const published = { from, to, started: () => this.started, remembered: REMEMBERED };
    return matchPublished(published, (number) => explains(this.read(number)));
  }

  /** Publication `number`, counted from 0. */
  read(number: number): bigint {
    return this.#ledger.load64(this.#entry(number));
  }

  #entry(number: number): number {
    return this.#base + ENTRIES + (number % REMEMBERED) * ENTRY_BYTES;
  }
}
