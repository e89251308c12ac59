import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { scaleDelta } from '../../src/abi/pvclock-scale.ts';
import { type TimeScale, timeScale, tscTimeScale } from '../../src/host/time-scale.ts';

/** kHz, multiplier, shift: the fact sheet's table. */
const TABLE: readonly (readonly [number, number, number])[] = [
  [1, 0xf4240000, 20],
  [100, 0x9c400000, 14],
  [1000, 0xfa000000, 10],
  [1193, 0xd18e4518, 10],
  [14318, 0x8baf2f2a, 7],
  [100000, 0xa0000000, 4],
  [333333, 0xc0000c95, 2],
  [500000, 0x80000000, 2],
  [999999, 0x80000863, 1],
  [1000000, 0x80000000, 1],
  [1000001, 0xffffef39, 0],
  [1193182, 0xd68d66b2, 0],
  [1500000, 0xaaaaaaaa, 0],
  [1999999, 0x80000431, 0],
  [2000000, 0x80000000, 0],
  [2000001, 0xfffff79c, -1],
  [2100000, 0xf3cf3cf3, -1],
  [2300000, 0xde9bd37a, -1],
  [2399998, 0xd55560fb, -1],
  [2400000, 0xd5555555, -1],
  [2500000, 0xcccccccc, -1],
  [2600000, 0xc4ec4ec4, -1],
  [2700000, 0xbda12f68, -1],
  [2893437, 0xb0f3c269, -1],
  [2999999, 0xaaaaae65, -1],
  [3000000, 0xaaaaaaaa, -1],
  [3400000, 0x96969696, -1],
  [3999999, 0x80000218, -1],
  [4000000, 0x80000000, -1],
  [4000001, 0xfffffbce, -2],
  [4294967, 0xee6b2913, -2],
  [4294968, 0xee6b2570, -2],
  [5000000, 0xcccccccc, -2],
  [8000000, 0x80000000, -2],
];

const SECOND = 1_000_000_000n;

test("the scale of every frequency of the table is the table's", (t) => {
  for (const [kHz, mul, shift] of TABLE)
    t.deepEqual(tscTimeScale(kHz), { mul, shift }, `${kHz} kHz`);
});

test('a raw PIT frequency and the way back have the scales of the fact sheet', (t) => {
  t.deepEqual(timeScale(SECOND, 1_193_182n), { mul: 0xd1861649, shift: 10 });
  const back: readonly (readonly [bigint, number, number])[] = [
    [1_000_000_000n, 0x80000000, 1],
    [2_000_000_000n, 0x80000000, 2],
    [2_300_000_000n, 0x93333333, 2],
    [2_700_000_000n, 0xaccccccc, 2],
    [3_000_000_000n, 0xc0000000, 2],
  ];
  for (const [hz, mul, shift] of back) t.deepEqual(timeScale(hz, SECOND), { mul, shift });
});

/** mul × 2^(shift − 32) as a fraction. */
function fraction({ mul, shift }: TimeScale): readonly [bigint, bigint] {
  return shift >= 32
    ? [BigInt(mul) << BigInt(shift - 32), 1n]
    : [BigInt(mul), 1n << BigInt(32 - shift)];
}

/**
 * Whether a scale is the exact ratio, up to what its 32-bit arithmetic drops: the last bit of the base,
 * which is more than the scaled frequency then, and the last bits of a scaled frequency above 2^31.
 */
function fits(scale: TimeScale, scaledHz: bigint, baseHz: bigint): boolean {
  const [numerator, denominator] = fraction(scale);
  const exact = scaledHz * denominator;
  const got = numerator * baseHz;
  const significant = scaledHz < 1n << 30n ? scaledHz : 1n << 30n;
  const slack = (2n * exact) / significant;
  return got <= exact + slack && got >= exact - slack;
}

const u64 = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });

test('over all of u64 the scale is the exact ratio up to the bits that are dropped', (t) => {
  fc.assert(
    fc.property(u64, u64, (scaled, base) => fits(timeScale(scaled, base), scaled, base)),
    {
      numRuns: 3_000,
    },
  );
  t.false(
    fits({ mul: 0xde9bd300, shift: -1 }, SECOND, 2_300_000_000n),
    'a multiplier cut by 122 must not fit',
  );
});

test('the multiplier of every whole kHz is in [2^31, 2^32), and a second is a second less at most 4 ns', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000_000 }), (kHz) => {
      const { mul, shift } = tscTimeScale(kHz);
      const lost = SECOND - scaleDelta(BigInt(kHz) * 1000n, mul, shift);
      return mul >= 2 ** 31 && mul < 2 ** 32 && lost >= -1n && lost <= 4n;
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
