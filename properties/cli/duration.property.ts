import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/cli/duration.ts';
import { UsageError } from '../../src/engines/usage-error.ts';

const milliseconds = fc.integer({ min: 1, max: 576 * 3600 * 1000 });

test('what is formatted reads back as the same', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(milliseconds, (ms) => {
        t.is(parseDuration(formatDuration(ms / 1000)), ms / 1000);
      }),
    ),
  );
});

test('what was read and is formatted reads back as the same', (t) => {
  const texts = fc
    .tuple(
      fc.integer({ min: 1, max: 500 }),
      fc.constantFrom('', '.5', '.25', '.125'),
      fc.constantFrom('', 'ms', 's', 'm', 'h'),
    )
    .map((parts) => parts.join(''));
  t.notThrows(() =>
    fc.assert(
      fc.property(texts, (text) => {
        t.is(parseDuration(formatDuration(parseDuration(text))), parseDuration(text));
      }),
    ),
  );
});

test('units mean what they say, and a plain number is seconds', (t) => {
  t.deepEqual(
    ['500ms', '10s', '2m', '1h', '7', '1.5h', '.5', ' 3s '].map(parseDuration),
    [0.5, 10, 120, 3600, 7, 5400, 0.5, 3],
  );
  t.deepEqual([0.5, 10, 120, 3600, 90, 0.0015].map(formatDuration), [
    '500ms',
    '10s',
    '2m',
    '1h',
    '90s',
    '0.0015s',
  ]);
});

test('anything else is refused with an example', (t) => {
  const wrong = fc.oneof(
    fc.constantFrom(
      'banana',
      '',
      '0',
      '0s',
      '-1',
      '-5s',
      '+5s',
      '1e3',
      '0x10',
      'Infinity',
      'NaN',
      '5 s',
      '5d',
      '1h30m',
      '577h',
      '0.1ms',
    ),
    fc.string().filter((text) => !/^\s*[\d.]+(ms|s|m|h)?\s*$/.test(text)),
  );
  t.notThrows(() =>
    fc.assert(
      fc.property(wrong, (text) => {
        const error = t.throws(() => parseDuration(text), { instanceOf: UsageError });
        t.regex(error.message, /500ms, 10s, 2m or 1h/);
      }),
    ),
  );
});
