import fc from 'fast-check';
import { INDICES, type Index } from './msr-specification.ts';

/** Guest RAM of the machines of these properties: 16 pages, and nothing behind them. */
export const RAM_BYTES = 0x1_0000;

const U64 = 2n ** 64n - 1n;

/** Addresses where something is decided: aligned or not, page-crossing, backed or not. */
const address: fc.Arbitrary<bigint> = fc.oneof(
  fc.integer({ min: 1, max: RAM_BYTES / 64 - 1 }).map((line) => BigInt(line * 64)),
  fc.nat(RAM_BYTES - 1).map(BigInt),
  fc.integer({ min: 1, max: 15 }).map((page) => BigInt(page * 4096 - 16)),
  fc.constantFrom(BigInt(RAM_BYTES), BigInt(RAM_BYTES - 32), 1n << 46n, 1n << 52n, U64 & ~0x3fn),
);

/** Values of any MSR: small ones, addresses with flag bits, anything. */
export const value: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 0x1ffn }),
  fc.tuple(address, fc.integer({ min: 0, max: 0x3f })).map(([gpa, low]) => gpa | BigInt(low)),
  fc.tuple(address, fc.constantFrom(1n, 9n, 11n, 13n)).map(([gpa, low]) => (gpa & ~0x3fn) | low),
  fc.bigInt({ min: 0n, max: U64 }),
);

export const index: fc.Arbitrary<Index> = fc.constantFrom(...INDICES);

/** EAX of the feature leaf: everything, nothing, one bit missing, anything. */
export const features: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 0x0100_7efb),
  fc.integer({ min: 0, max: 16 }).map((bit) => (0x0100_7fff & ~(1 << bit)) >>> 0),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

/** Whether so many bytes at an address are RAM of these machines. */
export function backed(gpa: bigint, bytes: number): boolean {
  return gpa + BigInt(bytes) <= BigInt(RAM_BYTES);
}
