import { UnbackedGpa } from '../memory/errors.ts';
import type { Gpa, HostAddress, MemoryPort } from '../memory/memory-port.ts';
import { type Memslots, UNBACKED } from '../memory/memslots.ts';
import { GuestMode } from './guest-mode.ts';
import type { Hypervisor } from './hypervisor.ts';
import { crossesPage, PAGE_BYTES, pieceAt } from './page-crossing.ts';

/**
 * The instructions that read and write memory, over any memory port: address translation through the
 * memslots, and barriers.
 *
 * Every method is one instruction: first a pending exit may happen, then its memory steps, with no
 * exit in between. That is all the atomicity an instruction without LOCK has.
 */
export abstract class MemoryInstructions extends GuestMode {
  readonly #memory: MemoryPort;
  readonly #slots: Memslots;

  constructor(id: number, memory: MemoryPort, slots: Memslots, hypervisor: Hypervisor) {
    super(id, hypervisor);
    this.#memory = memory;
    this.#slots = slots;
  }

  protected address(gpa: Gpa, bytes: number): HostAddress {
    const address = this.#slots.translate(gpa, bytes);
    if (address === UNBACKED) throw new UnbackedGpa(gpa, bytes, this.#slots.describe());
    return address;
  }

  load8(gpa: Gpa): number {
    this.boundary();
    return this.#memory.load8(this.address(gpa, 1));
  }
  load16(gpa: Gpa): number {
    this.boundary();
    if (crossesPage(gpa, 2)) return Number(this.#loadAcrossPages(gpa, 2));
    return this.#memory.load16(this.address(gpa, 2));
  }
  load32(gpa: Gpa): number {
    this.boundary();
    if (crossesPage(gpa, 4)) return Number(this.#loadAcrossPages(gpa, 4));
    return this.#memory.load32(this.address(gpa, 4));
  }
  load64(gpa: Gpa): bigint {
    this.boundary();
    if (crossesPage(gpa, 8)) return this.#loadAcrossPages(gpa, 8);
    return this.#memory.load64(this.address(gpa, 8));
  }
  store8(gpa: Gpa, value: number): void {
    this.boundary();
    this.#memory.store8(this.address(gpa, 1), value);
  }
  store16(gpa: Gpa, value: number): void {
    this.boundary();
    if (crossesPage(gpa, 2)) this.#storeAcrossPages(gpa, 2, BigInt(value));
    else this.#memory.store16(this.address(gpa, 2), value);
  }
  store32(gpa: Gpa, value: number): void {
    this.boundary();
    if (crossesPage(gpa, 4)) this.#storeAcrossPages(gpa, 4, BigInt(value));
    else this.#memory.store32(this.address(gpa, 4), value);
  }
  store64(gpa: Gpa, value: bigint): void {
    this.boundary();
    if (crossesPage(gpa, 8)) this.#storeAcrossPages(gpa, 8, value);
    else this.#memory.store64(this.address(gpa, 8), value);
  }

  testAndClear(gpa: Gpa, bit: number): boolean {
    this.boundary();
    const address = this.address(gpa + (bit >>> 3), 1);
    const mask = 1 << (bit & 7);
    const old = this.#memory.load8(address);
    this.#memory.store8(address, old & ~mask);
    return (old & mask) !== 0;
  }
  and8(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 1);
    this.#memory.store8(address, this.#memory.load8(address) & mask);
  }
  and32(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 4);
    this.#memory.store32(address, (this.#memory.load32(address) & mask) >>> 0);
  }
  or8(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 1);
    this.#memory.store8(address, (this.#memory.load8(address) | mask) & 0xff);
  }
  or32(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 4);
    this.#memory.store32(address, (this.#memory.load32(address) | mask) >>> 0);
  }

  lockXchg8(gpa: Gpa, value: number): number {
    this.boundary();
    return this.#memory.lockXchg8(this.address(gpa, 1), value);
  }
  lockXchg32(gpa: Gpa, value: number): number {
    this.boundary();
    return this.#memory.lockXchg32(this.address(gpa, 4), value);
  }
  lockXchg64(gpa: Gpa, value: bigint): bigint {
    this.boundary();
    return this.#memory.lockXchg64(this.address(gpa, 8), value);
  }
  lockCmpxchg8(gpa: Gpa, expected: number, replacement: number): number {
    this.boundary();
    return this.#memory.lockCmpxchg8(this.address(gpa, 1), expected, replacement);
  }
  lockCmpxchg32(gpa: Gpa, expected: number, replacement: number): number {
    this.boundary();
    return this.#memory.lockCmpxchg32(this.address(gpa, 4), expected, replacement);
  }
  lockCmpxchg64(gpa: Gpa, expected: bigint, replacement: bigint): bigint {
    this.boundary();
    return this.#memory.lockCmpxchg64(this.address(gpa, 8), expected, replacement);
  }
  lockAnd32(gpa: Gpa, mask: number): number {
    this.boundary();
    return this.#memory.lockAnd32(this.address(gpa, 4), mask);
  }
  lockOr32(gpa: Gpa, mask: number): number {
    this.boundary();
    return this.#memory.lockOr32(this.address(gpa, 4), mask);
  }
  lockAdd32(gpa: Gpa, addend: number): number {
    this.boundary();
    return this.#memory.lockAdd32(this.address(gpa, 4), addend);
  }
  lockAdd64(gpa: Gpa, addend: bigint): bigint {
    this.boundary();
    return this.#memory.lockAdd64(this.address(gpa, 8), addend);
  }

  rmb(): void {
    this.#memory.rmb();
  }
  wmb(): void {
    this.#memory.wmb();
  }
  mb(): void {
    this.boundary();
    this.#memory.mb();
  }
  compilerBarrier(): void {}

  #loadAcrossPages(gpa: Gpa, bytes: number): bigint {
    let value = 0n;
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(gpa + done, bytes - done);
      const address = this.address(gpa + done, piece);
      const part =
        piece === 1
          ? this.#memory.load8(address)
          : piece === 2
            ? this.#memory.load16(address)
            : this.#memory.load32(address);
      value |= BigInt(part) << BigInt(done * 8);
      done += piece;
    }
    return value;
  }

  #storeAcrossPages(gpa: Gpa, bytes: number, value: bigint): void {
    // Both pages are checked before anything is written: a faulting store leaves no trace.
    this.address(gpa, PAGE_BYTES - (gpa % PAGE_BYTES));
    this.address(gpa + bytes - 1, 1);
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(gpa + done, bytes - done);
      const address = this.address(gpa + done, piece);
      const part = Number((value >> BigInt(done * 8)) & 0xffff_ffffn);
      if (piece === 1) this.#memory.store8(address, part & 0xff);
      else if (piece === 2) this.#memory.store16(address, part & 0xffff);
      else this.#memory.store32(address, part);
      done += piece;
    }
  }
}
