import { MisalignedLockedAccess } from './errors.ts';
import type { HostAddress, MemoryPort } from './memory-port.ts';
import { WasmMemory } from './wasm-memory.ts';

/** How aligned loads and stores reach the shared memory. Locked operations are always atomic. */
export type AccessMode = 'plain' | 'atomic';

const WASM_PAGE = 65536;

/**
 * Creates the machine's one memory, zeroed. It is a WebAssembly memory so that compiled guests can
 * import it; its buffer is a SharedArrayBuffer.
 *
 * @param bytes room that the machine needs; the result has at least that much
 */
export function createSharedMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / WASM_PAGE);
  return new WasmMemory({ initial: pages, maximum: pages, shared: true });
}

/** Opens a memory of {@link createSharedMemory} in the given access mode. */
export function openSharedMemory(memory: WasmMemory, access: AccessMode): SharedMemory {
  return access === 'plain' ? new PlainMemory(memory) : new AtomicMemory(memory);
}

/**
 * Real shared memory, as the threads of one stress run see it.
 *
 * This file and `wait.ts` are the only places that name Atomics. JavaScript's Atomics are
 * sequentially consistent, so only {@link PlainMemory} lets the store buffers of the hardware show.
 */
export abstract class SharedMemory implements MemoryPort {
  readonly u8: Uint8Array<SharedArrayBuffer>;
  readonly u16: Uint16Array<SharedArrayBuffer>;
  readonly u32: Uint32Array<SharedArrayBuffer>;
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly u64: BigUint64Array<SharedArrayBuffer>;
  abstract readonly access: AccessMode;
  /** The word that {@link mb} locks: this thread's own, so that fences do not contend. */
  readonly #fence = new Int32Array(1);

  constructor(memory: WasmMemory) {
    const buffer = memory.buffer as unknown as SharedArrayBuffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  abstract load8(address: HostAddress): number;
  abstract load16(address: HostAddress): number;
  abstract load32(address: HostAddress): number;
  abstract load64(address: HostAddress): bigint;
  abstract store8(address: HostAddress, value: number): void;
  abstract store16(address: HostAddress, value: number): void;
  abstract store32(address: HostAddress, value: number): void;
  abstract store64(address: HostAddress, value: bigint): void;

  lockXchg8(address: HostAddress, value: number): number {
    return Atomics.exchange(this.u8, address, value);
  }
  lockXchg32(address: HostAddress, value: number): number {
    return Atomics.exchange(this.u32, lockedIndex(address, 4), value);
  }
  lockXchg64(address: HostAddress, value: bigint): bigint {
    return Atomics.exchange(this.u64, lockedIndex(address, 8), value);
  }
  lockCmpxchg8(address: HostAddress, expected: number, replacement: number): number {
    return Atomics.compareExchange(this.u8, address, expected, replacement);
  }
  lockCmpxchg32(address: HostAddress, expected: number, replacement: number): number {
    return Atomics.compareExchange(this.u32, lockedIndex(address, 4), expected, replacement);
  }
  lockCmpxchg64(address: HostAddress, expected: bigint, replacement: bigint): bigint {
    return Atomics.compareExchange(this.u64, lockedIndex(address, 8), expected, replacement);
  }
  lockAnd32(address: HostAddress, mask: number): number {
    return Atomics.and(this.u32, lockedIndex(address, 4), mask);
  }
  lockOr32(address: HostAddress, mask: number): number {
    return Atomics.or(this.u32, lockedIndex(address, 4), mask);
  }
  lockAdd32(address: HostAddress, addend: number): number {
    return Atomics.add(this.u32, lockedIndex(address, 4), addend);
  }
  lockAdd64(address: HostAddress, addend: bigint): bigint {
    return Atomics.add(this.u64, lockedIndex(address, 8), addend);
  }

  /** A locked RMW on a private word: `Atomics.load` alone is no fence on x86. */
  mb(): void {
    Atomics.add(this.#fence, 0, 0);
  }
  /** x86 keeps loads in order: nothing to emit. */
  rmb(): void {}
  /** x86 keeps stores in order: nothing to emit. */
  wmb(): void {}

  protected loadPieces(address: HostAddress, bytes: number): bigint {
    let value = 0n;
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(address + done, bytes - done);
      const part =
        piece === 1
          ? this.load8(address + done)
          : piece === 2
            ? this.load16(address + done)
            : this.load32(address + done);
      value |= BigInt(part) << BigInt(done * 8);
      done += piece;
    }
    return value;
  }

  protected storePieces(address: HostAddress, bytes: number, value: bigint): void {
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(address + done, bytes - done);
      const part = Number((value >> BigInt(done * 8)) & 0xffff_ffffn);
      if (piece === 1) this.store8(address + done, part & 0xff);
      else if (piece === 2) this.store16(address + done, part & 0xffff);
      else this.store32(address + done, part);
      done += piece;
    }
  }
}

/** Aligned accesses are ordinary machine loads and stores: x86-TSO is what one sees. */
export class PlainMemory extends SharedMemory {
  readonly access = 'plain';

  load8(address: HostAddress): number {
    return this.u8[address]!;
  }
  load16(address: HostAddress): number {
    if ((address & 1) !== 0) return Number(this.loadPieces(address, 2));
    return this.u16[address >>> 1]!;
  }
  load32(address: HostAddress): number {
    if ((address & 3) !== 0) return Number(this.loadPieces(address, 4));
    return this.u32[address >>> 2]!;
  }
  load64(address: HostAddress): bigint {
    if ((address & 7) !== 0) return this.loadPieces(address, 8);
    return this.u64[address >>> 3]!;
  }
  store8(address: HostAddress, value: number): void {
    this.u8[address] = value;
  }
  store16(address: HostAddress, value: number): void {
    if ((address & 1) !== 0) this.storePieces(address, 2, BigInt(value & 0xffff));
    else this.u16[address >>> 1] = value;
  }
  store32(address: HostAddress, value: number): void {
    if ((address & 3) !== 0) this.storePieces(address, 4, BigInt(value >>> 0));
    else this.u32[address >>> 2] = value;
  }
  store64(address: HostAddress, value: bigint): void {
    if ((address & 7) !== 0) this.storePieces(address, 8, BigInt.asUintN(64, value));
    else this.u64[address >>> 3] = value;
  }
}

/** Aligned accesses are sequentially consistent Atomics: no store buffer shows. */
export class AtomicMemory extends SharedMemory {
  readonly access = 'atomic';

  load8(address: HostAddress): number {
    return Atomics.load(this.u8, address);
  }
  load16(address: HostAddress): number {
    if ((address & 1) !== 0) return Number(this.loadPieces(address, 2));
    return Atomics.load(this.u16, address >>> 1);
  }
  load32(address: HostAddress): number {
    if ((address & 3) !== 0) return Number(this.loadPieces(address, 4));
    return Atomics.load(this.u32, address >>> 2);
  }
  load64(address: HostAddress): bigint {
    if ((address & 7) !== 0) return this.loadPieces(address, 8);
    return Atomics.load(this.u64, address >>> 3);
  }
  store8(address: HostAddress, value: number): void {
    Atomics.store(this.u8, address, value);
  }
  store16(address: HostAddress, value: number): void {
    if ((address & 1) !== 0) this.storePieces(address, 2, BigInt(value & 0xffff));
    else Atomics.store(this.u16, address >>> 1, value);
  }
  store32(address: HostAddress, value: number): void {
    if ((address & 3) !== 0) this.storePieces(address, 4, BigInt(value >>> 0));
    else Atomics.store(this.u32, address >>> 2, value);
  }
  store64(address: HostAddress, value: bigint): void {
    if ((address & 7) !== 0) this.storePieces(address, 8, BigInt.asUintN(64, value));
    else Atomics.store(this.u64, address >>> 3, value);
  }
}

/** The largest naturally aligned piece that starts at `address` and has at most `left` bytes. */
function pieceAt(address: HostAddress, left: number): 1 | 2 | 4 {
  if ((address & 3) === 0 && left >= 4) return 4;
  if ((address & 1) === 0 && left >= 2) return 2;
  return 1;
}

function lockedIndex(address: HostAddress, bytes: 4 | 8): number {
  if ((address & (bytes - 1)) !== 0) throw new MisalignedLockedAccess(bytes, address);
  return bytes === 4 ? address >>> 2 : address >>> 3;
}
