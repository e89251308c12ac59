import type { VcpuThread } from './scenario.ts';

/**
 * Epochs that the ledger keeps apart: a thread that sleeps between its look at the epoch and the raise
 * of its floor must not wake up when the floor's place has become a later epoch's. This many take seconds.
 */
const SLOTS = 1 << 14;
const EPOCH = 0;
const FLOORS = 64;

/** Ledger bytes of a {@link ClockFloor}. */
export const CLOCK_FLOOR_BYTES = FLOORS + SLOTS * 8;

/**
 * The greatest clock value that any completed read has returned: what later reads must not fall
 * below (P4). Somebody who makes the clock go back on purpose starts a new epoch, in which only its
 * own reads count.
 */
export class ClockFloor {
  readonly #thread: Pick<VcpuThread, 'ledger' | 'violated'>;
  readonly #base: number;
  readonly #invariant: 'P3' | 'P4';
  #epoch = 0;
  #floor = 0n;

  /** @param invariant what a value below the floor breaks: P3 where only one vCPU reads, whose own reads they all are */
  constructor(
    thread: Pick<VcpuThread, 'ledger' | 'violated'>,
    base: number,
    invariant: 'P3' | 'P4' = 'P4',
  ) {
    this.#thread = thread;
    this.#base = base;
    this.#invariant = invariant;
  }

  /** Before a read: samples the floor. */
  before(): void {
    const { ledger } = this.#thread;
    this.#epoch = ledger.load32(this.#base + EPOCH);
    this.#floor = ledger.load64(this.#slot(this.#epoch));
  }

  /** After a read: holds the value against the floor, then raises it. Reports P4, or P3. */
  after(value: bigint): void {
    const { ledger } = this.#thread;
    // Odd: the clock is being set; changed: it was. Such a read belongs to no epoch.
    if ((this.#epoch & 1) !== 0 || ledger.load32(this.#base + EPOCH) !== this.#epoch) return;
    this.compare(value);
    ledger.raise64(this.#slot(this.#epoch), value);
  }

  /** The comparison alone, of a value that was made before a new epoch that may have begun meanwhile. */
  compare(value: bigint): void {
    if ((this.#epoch & 1) === 0 && value < this.#floor) {
      this.#thread.violated(
        this.#invariant,
        `${value} ns was returned after a read that returned ${this.#floor} ns had completed: ${this.#floor - value} ns back.`,
        [
          `a completed read had returned ${this.#floor} ns before this call`,
          `this call returned ${value} ns`,
        ],
      );
    }
  }

  /** Runs what may set the clock back, between two epochs. Called by one thread only. */
  newEpoch(setBack: () => void): void {
    const { ledger } = this.#thread;
    const epoch = ledger.load32(this.#base + EPOCH);
    ledger.store32(this.#base + EPOCH, epoch + 1);
    setBack();
    ledger.store64(this.#slot(epoch + 2), 0n);
    ledger.store32(this.#base + EPOCH, epoch + 2);
  }

  #slot(epoch: number): number {
    return this.#base + FLOORS + ((epoch >>> 1) % SLOTS) * 8;
  }
}
