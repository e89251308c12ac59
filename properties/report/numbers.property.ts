import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { counted, grouped, percent, span } from '../../src/report/numbers.ts';

test('what is neither none nor all never looks like it', (t) => {
  const parts = fc
    .maxSafeNat()
    .chain((whole) => fc.tuple(fc.nat({ max: 1000 }), fc.constant(whole + 2000)));
  t.notThrows(() =>
    fc.assert(
      fc.property(parts, fc.boolean(), ([small, whole], most) => {
        const part = most ? whole - small - 1 : small + 1;
        const text = percent(part, whole);
        return text !== '0.00%' && text !== '100.00%';
      }),
    ),
  );
  t.is(percent(0, 10), '0.00%');
  t.is(percent(0, 0), '0.00%');
  t.is(percent(10, 10), '100.00%');
  t.is(percent(1, 3), '33.33%');
  t.is(percent(1, 1_000_000), '<0.01%');
  t.is(percent(1, 20_000), '<0.01%');
  t.is(percent(999_999, 1_000_000), '>99.99%');
});

test('grouped numbers read back as themselves', (t) => {
  t.notThrows(() =>
    fc.assert(fc.property(fc.maxSafeNat(), (n) => Number(grouped(n).replaceAll(',', '')) === n)),
  );
  t.is(grouped(1234567), '1,234,567');
});

test('spans of time have the unit that fits', (t) => {
  t.deepEqual([0.0124, 0.9996, 12.34, 119.96, 125, 3600].map(span), [
    '12 ms',
    '1.0 s',
    '12.3 s',
    '2 min 0 s',
    '2 min 5 s',
    '60 min 0 s',
  ]);
  t.deepEqual(
    [counted(1, 'run'), counted(0, 'run'), counted(1200, 'run')],
    ['1 run', '0 runs', '1,200 runs'],
  );
});
