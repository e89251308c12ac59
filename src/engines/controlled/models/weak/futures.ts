import type { Future } from '../memory-model.ts';
import type { Locations } from './locations.ts';

/** What threads may still do to locations, by the states of their automata. */
export class Futures {
  readonly #locations: Locations;
  /** For each thread, by automaton state and location, whether it may still access that; none where nothing is known. */
  #tables: readonly Uint8Array[] = [];

  constructor(locations: Locations) {
    this.#locations = locations;
  }

  become(futures: readonly Future[]): void {
    const tables = new Map<Future, Uint8Array>();
    for (const future of futures) {
      if (!tables.has(future)) tables.set(future, this.#tableOf(future));
    }
    this.#tables = futures.map((future) => tables.get(future)!);
  }

  /** Whether a thread may still load from a location or store to it, other than by locked operations. */
  mayAccess(thread: number, node: number, location: number): boolean {
    // Behind the table's end are states of which nothing is known.
    return this.#tables[thread]?.[node * this.#locations.count + location] !== 0;
  }

  #tableOf(future: Future): Uint8Array {
    const { count, of } = this.#locations;
    const table = new Uint8Array(future.states * count);
    for (const [cell, location] of of.entries()) {
      if (location < 0) continue;
      for (let state = 0; state < future.states; state++) {
        if (future.mayAccess(state, cell)) table[state * count + location] = 1;
      }
    }
    return table;
  }
}
