import test from 'ava';
import fc from 'fast-check';
import { scaleDelta } from '../../src/abi/index.ts';

const U64 = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
const MUL = fc.integer({ min: 0, max: 0xffff_ffff });

/** Ticks of `kHz` that make one second, and the multiplier and shift of that frequency. */
const FREQUENCIES = [
  { kHz: 1000, mul: 0xfa00_0000, shift: 10, nanoseconds: 1_000_000_000n },
  { kHz: 1_000_000, mul: 0x8000_0000, shift: 1, nanoseconds: 1_000_000_000n },
  { kHz: 2_000_000, mul: 0x8000_0000, shift: 0, nanoseconds: 1_000_000_000n },
  { kHz: 2_300_000, mul: 0xde9b_d37a, shift: -1, nanoseconds: 999_999_999n },
  { kHz: 4_294_967, mul: 0xee6b_2913, shift: -2, nanoseconds: 999_999_999n },
] as const;

const wrongSeconds = (scale: typeof scaleDelta) =>
  FREQUENCIES.filter(
    ({ kHz, mul, shift, nanoseconds }) => scale(BigInt(kHz) * 1000n, mul, shift) !== nanoseconds,
  );

test('a second of ticks is a second, less at most 1 ns', (t) => {
  t.deepEqual(wrongSeconds(scaleDelta), []);
  t.not(
    wrongSeconds((delta, mul, shift) => scaleDelta(delta, mul, shift & 0xff)).length,
    0,
    'shift read as unsigned',
  );
});

/** Half the product, bit by bit: long multiplication in 32-bit columns. */
function byColumns(delta: bigint, mul: number): bigint {
  const [low, high] = [(delta & 0xffff_ffffn) * BigInt(mul), (delta >> 32n) * BigInt(mul)];
  return BigInt.asUintN(64, high + (low >> 32n));
}

test('the product keeps its 96 bits', (t) => {
  fc.assert(
    fc.property(U64, MUL, (delta, mul) => scaleDelta(delta, mul, 0) === byColumns(delta, mul)),
  );
  const cut = (delta: bigint, mul: number) => BigInt.asUintN(64, delta * BigInt(mul)) >> 32n;
  const fiveSeconds = 10_000_000_000n;
  t.is(scaleDelta(fiveSeconds, 0x8000_0000, 0), 5_000_000_000n);
  t.not(cut(fiveSeconds, 0x8000_0000), 5_000_000_000n);
});

test('a shift is a shift of the ticks: bits that leave on either side are lost', (t) => {
  fc.assert(
    fc.property(U64, MUL, fc.integer({ min: -32, max: 32 }), (delta, mul, shift) => {
      const ticks =
        shift < 0 ? delta / 2n ** BigInt(-shift) : BigInt.asUintN(64, delta * 2n ** BigInt(shift));
      return scaleDelta(delta, mul, shift) === scaleDelta(ticks, mul, 0);
    }),
  );
  t.pass();
});
