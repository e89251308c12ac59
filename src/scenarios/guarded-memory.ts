import type { HostAddress, MemoryPort } from '../memory/memory-port.ts';

/** A memory port that asks before each write: who looks for writes of the host that must not be. */
export class GuardedMemory implements MemoryPort {
  readonly #memory: MemoryPort;
  readonly #beforeWrite: (address: HostAddress, bytes: number) => void;

  constructor(memory: MemoryPort, beforeWrite: (address: HostAddress, bytes: number) => void) {
    this.#memory = memory;
    this.#beforeWrite = beforeWrite;
  }

  load8(address: HostAddress): number {
    return this.#memory.load8(address);
  }
  load16(address: HostAddress): number {
    return this.#memory.load16(address);
  }
  load32(address: HostAddress): number {
    return this.#memory.load32(address);
  }
  load64(address: HostAddress): bigint {
    return this.#memory.load64(address);
  }
  store8(address: HostAddress, value: number): void {
    this.#beforeWrite(address, 1);
    this.#memory.store8(address, value);
  }
  store16(address: HostAddress, value: number): void {
    this.#beforeWrite(address, 2);
    this.#memory.store16(address, value);
  }
  store32(address: HostAddress, value: number): void {
    this.#beforeWrite(address, 4);
    this.#memory.store32(address, value);
  }
  store64(address: HostAddress, value: bigint): void {
    this.#beforeWrite(address, 8);
    this.#memory.store64(address, value);
  }
  lockXchg8(address: HostAddress, value: number): number {
    this.#beforeWrite(address, 1);
    return this.#memory.lockXchg8(address, value);
  }
  lockXchg32(address: HostAddress, value: number): number {
    this.#beforeWrite(address, 4);
    return this.#memory.lockXchg32(address, value);
  }
  lockXchg64(address: HostAddress, value: bigint): bigint {
    this.#beforeWrite(address, 8);
    return this.#memory.lockXchg64(address, value);
  }
  lockCmpxchg8(address: HostAddress, expected: number, replacement: number): number {
    this.#beforeWrite(address, 1);
    return this.#memory.lockCmpxchg8(address, expected, replacement);
  }
  lockCmpxchg32(address: HostAddress, expected: number, replacement: number): number {
    this.#beforeWrite(address, 4);
    return this.#memory.lockCmpxchg32(address, expected, replacement);
  }
  lockCmpxchg64(address: HostAddress, expected: bigint, replacement: bigint): bigint {
    this.#beforeWrite(address, 8);
    return this.#memory.lockCmpxchg64(address, expected, replacement);
  }
  lockAnd32(address: HostAddress, mask: number): number {
    this.#beforeWrite(address, 4);
    return this.#memory.lockAnd32(address, mask);
  }
  lockOr32(address: HostAddress, mask: number): number {
    this.#beforeWrite(address, 4);
    return this.#memory.lockOr32(address, mask);
  }
  lockAdd32(address: HostAddress, addend: number): number {
    this.#beforeWrite(address, 4);
    return this.#memory.lockAdd32(address, addend);
  }
  lockAdd64(address: HostAddress, addend: bigint): bigint {
    this.#beforeWrite(address, 8);
    return this.#memory.lockAdd64(address, addend);
  }
  mb(): void {
    this.#memory.mb();
  }
  rmb(): void {
    this.#memory.rmb();
  }
  wmb(): void {
    this.#memory.wmb();
  }
}
