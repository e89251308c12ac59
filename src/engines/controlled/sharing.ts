import type { HostAddress } from '../../memory/memory-port.ts';

/** Bytes of one cell: the unit in which sharing is decided and in which states keep memory. */
export const CELL_BYTES = 4;

/** An access that others can tell: where, and how wide. */
export interface SharedAccess {
  readonly address: HostAddress;
  readonly bytes: number;
}

const UNSEEN = 0;
const READ_ONLY = 1;
const PRIVATE = 2;
const SHARED = 3;

/** Thrown when a cell turns out to be shared that was taken for private: what was learned is void. */
export class SharingGrew extends Error {
  override readonly name = 'SharingGrew';
}

/**
 * Which memory the threads of a program share.
 *
 * A cell that only one thread touches, or that nobody writes, is no business of other threads: what a
 * thread reads there follows from its own steps, so an access to it is no step at all. This is found
 * out as programs are learned; when a cell turns out to be shared after all, learning starts over with
 * that knowledge, which only grows.
 */
export class Sharing {
  readonly #kind: Uint8Array;
  /** READ_ONLY: one bit for each thread that reads. PRIVATE: the thread. SHARED: place in {@link cells}. */
  readonly #who: Int32Array;
  readonly #cells: HostAddress[] = [];
  /** Cells that were accessed as the lower half of 64 bits. */
  readonly #wide = new Set<number>();
  #grew = false;
  /** For a thread whose program stands for others' as well: one of those, else −1. */
  readonly #others: number[] = [];

  constructor(memoryBytes: number) {
    const cells = Math.ceil(memoryBytes / CELL_BYTES);
    this.#kind = new Uint8Array(cells);
    this.#who = new Int32Array(cells);
  }

  /** From now on the program of `thread` is learned for `other` too: what one touches, so does the other. */
  standFor(thread: number, other: number): void {
    this.#others[thread] = other;
  }
  standForThemselves(): void {
    this.#others.length = 0;
  }

  /** The shared cells, in the order in which they were found: their addresses. */
  get cells(): readonly HostAddress[] {
    return this.#cells;
  }

  /** Place of a shared cell in {@link cells}, or −1 where the cell is not shared. */
  placeOf(address: HostAddress): number {
    const cell = address >>> 2;
    return this.#kind[cell] === SHARED ? this.#who[cell]! : -1;
  }

  /** For each shared cell the place of the one above it, where both are accessed as one, else −1. */
  get uppers(): Int32Array {
    return Int32Array.from(this.#cells, (address) =>
      this.#wide.has(address >>> 2) ? this.placeOf(address + CELL_BYTES) : -1,
    );
  }

  /** Says that an access is one that others can tell, before anything has been learned. */
  share({ address, bytes }: SharedAccess): void {
    if (address + bytes > this.#kind.length * CELL_BYTES) return;
    for (let cell = address >>> 2; cell <= (address + bytes - 1) >>> 2; cell++) this.#share(cell);
    if (bytes === 8) this.#wide.add(address >>> 2);
    this.#grew = false;
  }

  /** Whether a cell has become shared of late that was none when learning began. */
  get grew(): boolean {
    return this.#grew;
  }

  /** Learning starts over. */
  settle(): void {
    this.#grew = false;
  }

  /** Notes an access and says whether it is one that other threads can tell. */
  access(thread: number, address: HostAddress, bytes: number, writes: boolean): boolean {
    const first = address >>> 2;
    const last = (address + bytes - 1) >>> 2;
    let shared = false;
    for (let cell = first; cell <= last; cell++) {
      this.#note(thread, cell, writes);
      const other = this.#others[thread];
      if (other !== undefined) this.#note(other, cell, writes);
      if (this.#kind[cell] === SHARED) shared = true;
    }
    if (shared && bytes === 8 && !this.#wide.has(first)) {
      this.#wide.add(first);
      this.#grew = true;
    }
    // A wide access is one step: if one of its cells is shared, all are.
    if (shared) for (let cell = first; cell <= last; cell++) this.#share(cell);
    return shared;
  }

  #note(thread: number, cell: number, writes: boolean): void {
    const kind = this.#kind[cell];
    if (kind === SHARED) return;
    if (kind === PRIVATE) {
      if (this.#who[cell] !== thread) this.#share(cell);
      return;
    }
    const readers = kind === READ_ONLY ? this.#who[cell]! : 0;
    if (!writes) {
      this.#kind[cell] = READ_ONLY;
      this.#who[cell] = readers | (1 << thread);
    } else if ((readers & ~(1 << thread)) !== 0) {
      this.#share(cell);
    } else {
      this.#kind[cell] = PRIVATE;
      this.#who[cell] = thread;
    }
  }

  #share(cell: number): void {
    if (this.#kind[cell] === SHARED) return;
    if (this.#kind[cell] !== UNSEEN) this.#grew = true;
    this.#kind[cell] = SHARED;
    this.#who[cell] = this.#cells.length;
    this.#cells.push(cell * CELL_BYTES);
    this.#grew = true;
  }
}
