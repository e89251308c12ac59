import type { HostAddress, MemoryPort } from '../memory/memory-port.ts';
import type { Noise } from './noise.ts';

/** A memory port with noise before each access: what host code runs on in a race. */
export class NoisyMemory implements MemoryPort {
  readonly #memory: MemoryPort;
  readonly #noise: Noise;

  constructor(memory: MemoryPort, noise: Noise) {
    this.#memory = memory;
    this.#noise = noise;
  }

  load8(address: HostAddress): number {
    this.#noise.step();
    return this.#memory.load8(address);
  }
  load16(address: HostAddress): number {
    this.#noise.step();
    return this.#memory.load16(address);
  }
  load32(address: HostAddress): number {
    this.#noise.step();
    return this.#memory.load32(address);
  }
  load64(address: HostAddress): bigint {
    this.#noise.step();
    return this.#memory.load64(address);
  }
  store8(address: HostAddress, value: number): void {
    this.#noise.step();
    this.#memory.store8(address, value);
  }
  store16(address: HostAddress, value: number): void {
    this.#noise.step();
    this.#memory.store16(address, value);
  }
  store32(address: HostAddress, value: number): void {
    this.#noise.step();
    this.#memory.store32(address, value);
  }
  store64(address: HostAddress, value: bigint): void {
    this.#noise.step();
    this.#memory.store64(address, value);
  }
  lockXchg8(address: HostAddress, value: number): number {
    this.#noise.step();
    return this.#memory.lockXchg8(address, value);
  }
  lockXchg32(address: HostAddress, value: number): number {
    this.#noise.step();
    return this.#memory.lockXchg32(address, value);
  }
  lockXchg64(address: HostAddress, value: bigint): bigint {
    this.#noise.step();
    return this.#memory.lockXchg64(address, value);
  }
  lockCmpxchg8(address: HostAddress, expected: number, replacement: number): number {
    this.#noise.step();
    return this.#memory.lockCmpxchg8(address, expected, replacement);
  }
  lockCmpxchg32(address: HostAddress, expected: number, replacement: number): number {
    this.#noise.step();
    return this.#memory.lockCmpxchg32(address, expected, replacement);
  }
  lockCmpxchg64(address: HostAddress, expected: bigint, replacement: bigint): bigint {
    this.#noise.step();
    return this.#memory.lockCmpxchg64(address, expected, replacement);
  }
  lockAnd32(address: HostAddress, operand: number): number {
    this.#noise.step();
    return this.#memory.lockAnd32(address, operand);
  }
  lockOr32(address: HostAddress, operand: number): number {
    this.#noise.step();
    return this.#memory.lockOr32(address, operand);
  }
  lockAdd32(address: HostAddress, operand: number): number {
    this.#noise.step();
    return this.#memory.lockAdd32(address, operand);
  }
  lockAdd64(address: HostAddress, operand: bigint): bigint {
    this.#noise.step();
    return this.#memory.lockAdd64(address, operand);
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
