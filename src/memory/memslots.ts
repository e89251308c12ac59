import type { Gpa, HostAddress, MemoryPort } from './memory-port.ts';

/** What a memslot lookup answers where no slot backs the whole range. */
export const UNBACKED = -1;

/** A piece of guest RAM: `bytes` bytes at `gpa`, kept at `address` of the shared memory. */
export interface Memslot {
  readonly gpa: Gpa;
  readonly bytes: number;
  readonly address: HostAddress;
}

/** Shape of the slot table in host RAM: a generation (odd while it changes), a count, a row per slot. */
export const MAX_MEMSLOTS = 8;
const GENERATION = 0;
const COUNT = 4;
const ROWS = 8;
const ROW_BYTES = 16;
const ROW_GPA_PAGE = 0;
const ROW_PAGES = 4;
const ROW_ADDRESS = 8;
export const MEMSLOT_TABLE_BYTES = ROWS + MAX_MEMSLOTS * ROW_BYTES;

const PAGE_BYTES = 4096;

/**
 * Guest-physical addresses to host addresses, by the slot table in host RAM.
 *
 * Holes are real: a range that no slot backs whole is {@link UNBACKED}. Each user keeps a private copy of
 * the rows and compares the generation before it trusts them, as `gfn_to_hva_cache` does. Whoever looks
 * sees the rows of before or those of after a change, never a mixture.
 */
export class Memslots {
  readonly #memory: MemoryPort;
  readonly #table: HostAddress;
  /** Even, as of the private copy; −1 before there is one. */
  #generation = -1;
  #slots: readonly Memslot[] = [];

  constructor(memory: MemoryPort, table: HostAddress) {
    this.#memory = memory;
    this.#table = table;
  }

  /**
   * Replaces the table; one thread at a time. Callers make running vCPUs exit afterwards, so that none
   * goes on with the table of before.
   */
  replace(slots: readonly Memslot[]): void {
    for (const slot of slots) requirePageAligned(slot);
    if (slots.length > MAX_MEMSLOTS) {
      throw new RangeError(`Expected at most ${MAX_MEMSLOTS} memslots, got ${slots.length}.`);
    }
    const memory = this.#memory;
    // Odd before the rows: pairs with the second look at the generation in slots().
    memory.lockAdd32(this.#table + GENERATION, 1);
    slots.forEach((slot, index) => {
      const row = this.#table + ROWS + index * ROW_BYTES;
      memory.store32(row + ROW_GPA_PAGE, slot.gpa / PAGE_BYTES);
      memory.store32(row + ROW_PAGES, slot.bytes / PAGE_BYTES);
      memory.store32(row + ROW_ADDRESS, slot.address);
    });
    memory.store32(this.#table + COUNT, slots.length);
    // Even after the rows: pairs with the first look at the generation in slots().
    memory.lockAdd32(this.#table + GENERATION, 1);
  }

  /** The slots as of now, re-read if the generation moved; while they change, those of before. */
  slots(): readonly Memslot[] {
    const memory = this.#memory;
    const generation = memory.load32(this.#table + GENERATION);
    if (generation === this.#generation || (generation & 1) !== 0) return this.#slots;
    // Pairs with the locked add after the rows in replace().
    memory.rmb();
    const slots = this.#read();
    // Pairs with the locked add before the rows in replace().
    memory.rmb();
    if (memory.load32(this.#table + GENERATION) === generation) {
      this.#slots = slots;
      this.#generation = generation;
    }
    return this.#slots;
  }

  /** A 32-bit number for the private copy: equal where it is. */
  get held(): number {
    return this.#slots.reduce(
      (hash, { gpa, bytes, address }) => Math.imul(hash ^ gpa ^ bytes, 0x85ebca6b) + address,
      this.#generation,
    );
  }

  /** Host address of `bytes` bytes at `gpa`, or {@link UNBACKED} if any of them is not backed by that slot. */
  translate(gpa: Gpa, bytes: number): HostAddress {
    if (!Number.isSafeInteger(gpa)) return UNBACKED;
    for (const slot of this.slots()) {
      if (gpa >= slot.gpa && gpa + bytes <= slot.gpa + slot.bytes) {
        return slot.address + (gpa - slot.gpa);
      }
    }
    return UNBACKED;
  }

  /** Bytes of RAM from GPA 0 on that sit at host address 0: the guest's fast path. */
  identityLimit(): number {
    for (const slot of this.slots()) {
      if (slot.gpa === 0 && slot.address === 0) return slot.bytes;
    }
    return 0;
  }

  /** For messages: the backed ranges. */
  describe(): string {
    const ranges = this.slots().map(
      (slot) => `0x${slot.gpa.toString(16)}..0x${(slot.gpa + slot.bytes - 1).toString(16)}`,
    );
    return ranges.length === 0 ? 'no memslot' : ranges.join(', ');
  }

  #read(): Memslot[] {
    const memory = this.#memory;
    const count = memory.load32(this.#table + COUNT);
    const slots: Memslot[] = [];
    for (let index = 0; index < count; index++) {
      const row = this.#table + ROWS + index * ROW_BYTES;
      slots.push({
        gpa: memory.load32(row + ROW_GPA_PAGE) * PAGE_BYTES,
        bytes: memory.load32(row + ROW_PAGES) * PAGE_BYTES,
        address: memory.load32(row + ROW_ADDRESS),
      });
    }
    return slots;
  }
}

function requirePageAligned(slot: Memslot): void {
  if (slot.gpa % PAGE_BYTES !== 0 || slot.bytes % PAGE_BYTES !== 0 || slot.bytes <= 0) {
    throw new RangeError(
      `Expected a memslot of whole 4096-byte pages, got 0x${slot.bytes.toString(16)} bytes at GPA 0x${slot.gpa.toString(16)}.`,
    );
  }
}
