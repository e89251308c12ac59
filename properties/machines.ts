import fc from 'fast-check';
import type { MachineSpec } from '../src/host/machine.ts';

const TSC_KHZ = fc.oneof(
  fc.constantFrom(1_000, 1_000_000, 1_000_001, 2_000_000, 2_000_001, 2_300_000, 4_000_000),
  fc.integer({ min: 1_000, max: 8_000_000 }),
);

/** Versions where parity, sign and wrap are at stake, and any other. */
export const initialVersion: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 2, 7, 0x7fffffff, 0x80000000, 0xfffffffd, 0xfffffffe, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** Machines for the clock scenarios: one TSC line, of any frequency and offset, anywhere in its range. */
export const clockMachine: fc.Arbitrary<Partial<MachineSpec>> = fc
  .record({
    kHz: TSC_KHZ,
    offset: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    firstTick: fc.bigInt({ min: 0n, max: 2n ** 52n }),
    initialVersion,
    updateInterval: fc.constantFrom(0, 20, 200, 2_000),
    vcpus: fc.integer({ min: 2, max: 4 }),
    msrWrites: fc.array(
      fc.record({
        index: fc.constantFrom(0x11, 0x4b564d00, 0x4b564d03, 0x4b564d04),
        value: fc.bigInt({ min: 0n, max: 0xffffn }).map((value) => 0x20000n + (value & ~0x3fn)),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ kHz, offset, ...rest }) => ({
    ...rest,
    hostTscKhz: kHz,
    tscKhz: [kHz],
    tscOffset: [offset],
  }));
