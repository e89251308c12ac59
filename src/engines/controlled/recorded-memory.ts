import { MisalignedLockedAccess } from '../../memory/errors.ts';
import type { HostAddress, MemoryPort } from '../../memory/memory-port.ts';
import type { Recorder } from './recorder.ts';
import {
  STEP_ADD,
  STEP_AND,
  STEP_CMPXCHG,
  STEP_LOAD,
  STEP_MB,
  STEP_OR,
  STEP_RMB,
  STEP_STORE,
  STEP_WMB,
  STEP_XCHG,
} from './step.ts';

/** Memory whose every access is a step of a recorded program. Misaligned accesses are their pieces. */
export class RecordedMemory implements MemoryPort {
  readonly #recorder: Recorder;
  readonly #ghost: boolean;
  readonly #guest: boolean;

  constructor(recorder: Recorder, user: 'guest' | 'host' | 'checker') {
    this.#recorder = recorder;
    this.#ghost = user === 'checker';
    this.#guest = user === 'guest';
  }

  load8(address: HostAddress): number {
    this.#access(STEP_LOAD, address, 1, 0, 0);
    return this.#recorder.low & 0xff;
  }
  load16(address: HostAddress): number {
    if ((address & 1) !== 0) return Number(this.#loadPieces(address, 2));
    this.#access(STEP_LOAD, address, 2, 0, 0);
    return this.#recorder.low & 0xffff;
  }
  load32(address: HostAddress): number {
    if ((address & 3) !== 0) return Number(this.#loadPieces(address, 4));
    this.#access(STEP_LOAD, address, 4, 0, 0);
    return this.#recorder.low >>> 0;
  }
  load64(address: HostAddress): bigint {
    if ((address & 7) !== 0) return this.#loadPieces(address, 8);
    this.#access(STEP_LOAD, address, 8, 0, 0);
    return this.#wide();
  }
  store8(address: HostAddress, value: number): void {
    this.#access(STEP_STORE, address, 1, value & 0xff, 0);
  }
  store16(address: HostAddress, value: number): void {
    if ((address & 1) !== 0) this.#storePieces(address, 2, BigInt(value & 0xffff));
    else this.#access(STEP_STORE, address, 2, value & 0xffff, 0);
  }
  store32(address: HostAddress, value: number): void {
    if ((address & 3) !== 0) this.#storePieces(address, 4, BigInt(value >>> 0));
    else this.#access(STEP_STORE, address, 4, value | 0, 0);
  }
  store64(address: HostAddress, value: bigint): void {
    if ((address & 7) !== 0) this.#storePieces(address, 8, BigInt.asUintN(64, value));
    else this.#access(STEP_STORE, address, 8, lowOf(value), highOf(value));
  }

  lockXchg8(address: HostAddress, value: number): number {
    this.#locked(STEP_XCHG, address, 1, value & 0xff, 0, 0, 0);
    return this.#recorder.low & 0xff;
  }
  lockXchg32(address: HostAddress, value: number): number {
    return this.#locked(STEP_XCHG, address, 4, value | 0, 0, 0, 0);
  }
  lockXchg64(address: HostAddress, value: bigint): bigint {
    this.#locked(STEP_XCHG, address, 8, lowOf(value), highOf(value), 0, 0);
    return this.#wide();
  }
  lockCmpxchg8(address: HostAddress, expected: number, replacement: number): number {
    this.#locked(STEP_CMPXCHG, address, 1, expected & 0xff, 0, replacement & 0xff, 0);
    return this.#recorder.low & 0xff;
  }
  lockCmpxchg32(address: HostAddress, expected: number, replacement: number): number {
    return this.#locked(STEP_CMPXCHG, address, 4, expected | 0, 0, replacement | 0, 0);
  }
  lockCmpxchg64(address: HostAddress, expected: bigint, replacement: bigint): bigint {
    this.#locked(
      STEP_CMPXCHG,
      address,
      8,
      lowOf(expected),
      highOf(expected),
      lowOf(replacement),
      highOf(replacement),
    );
    return this.#wide();
  }
  lockAnd32(address: HostAddress, mask: number): number {
    return this.#locked(STEP_AND, address, 4, mask | 0, 0, 0, 0);
  }
  lockOr32(address: HostAddress, mask: number): number {
    return this.#locked(STEP_OR, address, 4, mask | 0, 0, 0, 0);
  }
  lockAdd32(address: HostAddress, addend: number): number {
    return this.#locked(STEP_ADD, address, 4, addend | 0, 0, 0, 0);
  }
  lockAdd64(address: HostAddress, addend: bigint): bigint {
    this.#locked(STEP_ADD, address, 8, lowOf(addend), highOf(addend), 0, 0);
    return this.#wide();
  }

  mb(): void {
    this.#recorder.guestSide = this.#guest;
    this.#recorder.fence(STEP_MB);
  }
  rmb(): void {
    this.#recorder.guestSide = this.#guest;
    this.#recorder.fence(STEP_RMB);
  }
  wmb(): void {
    this.#recorder.guestSide = this.#guest;
    this.#recorder.fence(STEP_WMB);
  }

  #access(op: number, address: HostAddress, bytes: number, low: number, high: number): void {
    this.#recorder.guestSide = this.#guest;
    this.#recorder.access(op, address, bytes, low, high, 0, 0, this.#ghost);
  }

  #locked(
    op: number,
    address: HostAddress,
    bytes: 1 | 4 | 8,
    low: number,
    high: number,
    low2: number,
    high2: number,
  ): number {
    if ((address & (bytes - 1)) !== 0) throw new MisalignedLockedAccess(bytes, address);
    this.#recorder.guestSide = this.#guest;
    this.#recorder.access(op, address, bytes, low, high, low2, high2, this.#ghost);
    return this.#recorder.low >>> 0;
  }

  #wide(): bigint {
    const { low, high } = this.#recorder;
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  }

  #loadPieces(address: HostAddress, bytes: number): bigint {
    let value = 0n;
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(address + done, bytes - done);
      this.#access(STEP_LOAD, address + done, piece, 0, 0);
      value |= BigInt(this.#recorder.low >>> 0) << BigInt(done * 8);
      done += piece;
    }
    return value;
  }

  #storePieces(address: HostAddress, bytes: number, value: bigint): void {
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(address + done, bytes - done);
      const part = Number((value >> BigInt(done * 8)) & ((1n << BigInt(piece * 8)) - 1n));
      this.#access(STEP_STORE, address + done, piece, part | 0, 0);
      done += piece;
    }
  }
}

/** The largest naturally aligned piece that starts at `address` and has at most `left` bytes. */
function pieceAt(address: HostAddress, left: number): 1 | 2 | 4 {
  if ((address & 3) === 0 && left >= 4) return 4;
  if ((address & 1) === 0 && left >= 2) return 2;
  return 1;
}

function lowOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function highOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}
