import type { Ledger } from './ledger.ts';

/**
 * A number that a program shares with its handlers and callbacks. It is kept in the ledger: what a call
 * leaves behind besides its value is in memory, or engines take what follows it for what went before.
 */
export class Remembered {
  readonly #ledger: Ledger;
  readonly #at: number;

  /** @param at place in the ledger, 4 bytes that no other thread touches */
  constructor(ledger: Ledger, at: number) {
    this.#ledger = ledger;
    this.#at = at;
  }

  get value(): number {
    return this.#ledger.load32(this.#at);
  }
  set value(value: number) {
    this.#ledger.store32(this.#at, value);
  }
}
