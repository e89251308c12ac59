import { scaleDelta } from '../abi/pvclock-scale.ts';
import type { ClockParameters } from '../host/kvmclock.ts';
import type { Ledger } from './ledger.ts';
import { type Match, matchPublished } from './match.ts';

/** Publications that the ledger remembers of each area. */
const REMEMBERED = 64;

const STARTED = 0;
const FINISHED = 4;
const ENTRIES = 64;
const ENTRY_BYTES = 32;
const ENTRY_TIMESTAMP = 0;
const ENTRY_SYSTEM_TIME = 8;
const ENTRY_MUL = 16;
/** The shift, signed, and the flags above it. */
const ENTRY_SHIFT = 20;
const FLAGS_SHIFT = 8;

/** Ledger bytes of one area's publications. */
export const PUBLICATIONS_BYTES = ENTRIES + REMEMBERED * ENTRY_BYTES;

/**
 * What the host published in one clock area, in order: written by whoever publishes, read by whoever
 * judges a read.
 *
 * A publication is noted before the first byte of it is written, so a reader can never have seen one
 * that is not here.
 */
export class Publications {
  readonly #ledger: Ledger;
  readonly #base: number;

  constructor(ledger: Ledger, base: number) {
    this.#ledger = ledger;
    this.#base = base;
  }

  /** Notes what is about to be published. */
  begin(parameters: ClockParameters): void {
    const ledger = this.#ledger;
    const number = ledger.load32(this.#base + STARTED);
    const entry = this.#entry(number);
    ledger.store64(entry + ENTRY_TIMESTAMP, parameters.tscTimestamp);
    ledger.store64(entry + ENTRY_SYSTEM_TIME, parameters.systemTime);
    ledger.store32(entry + ENTRY_MUL, parameters.mul);
    ledger.store32(
      entry + ENTRY_SHIFT,
      (parameters.shift & 0xff) | (parameters.flags << FLAGS_SHIFT),
    );
    ledger.store32(this.#base + STARTED, number + 1);
  }

  /** Notes that it is out, version and all. */
  end(): void {
    this.#ledger.store32(this.#base + FINISHED, this.#ledger.load32(this.#base + STARTED));
  }

  /** How many publications have been started. */
  get started(): number {
    return this.#ledger.load32(this.#base + STARTED);
  }
  /** How many publications are out. */
  get finished(): number {
    return this.#ledger.load32(this.#base + FINISHED);
  }

  /**
   * Which publications explain a read.
   *
   * @param from publications that were out when the call began
   * @param to publications that had been started when it returned
   * @param explains whether a publication explains the value
   */
  match(from: number, to: number, explains: (published: ClockParameters) => boolean): Match {
    const published = { from, to, started: () => this.started, remembered: REMEMBERED };
    return matchPublished(published, (number) => explains(this.read(number)));
  }

  /** Publication `number`, counted from 0. */
  read(number: number): ClockParameters {
    const ledger = this.#ledger;
    const entry = this.#entry(number);
    const shiftAndFlags = ledger.load32(entry + ENTRY_SHIFT);
    return {
      tscTimestamp: ledger.load64(entry + ENTRY_TIMESTAMP),
      systemTime: ledger.load64(entry + ENTRY_SYSTEM_TIME),
      mul: ledger.load32(entry + ENTRY_MUL),
      shift: (shiftAndFlags << 24) >> 24,
      flags: shiftAndFlags >>> FLAGS_SHIFT,
    };
  }

  #entry(number: number): number {
    return this.#base + ENTRIES + (number % REMEMBERED) * ENTRY_BYTES;
  }
}

/** Guest time at `tsc` by one publication, as a guest computes it: ns modulo 2^64. */
export function timeAt(published: ClockParameters, tsc: bigint): bigint {
  const elapsed = scaleDelta(
    BigInt.asUintN(64, tsc - published.tscTimestamp),
    published.mul,
    published.shift,
  );
  return BigInt.asUintN(64, published.systemTime + elapsed);
}
