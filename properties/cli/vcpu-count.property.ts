import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { parseVcpuCount } from '../../src/cli/vcpu-count.ts';
import { UsageError } from '../../src/engines/usage-error.ts';

test('whole numbers of 1 to 64 are read, all others are refused', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: -100, max: 2000 }), fc.constantFrom(0, 1, 64, 65)),
        (count) => {
          if (count >= 1 && count <= 64) t.is(parseVcpuCount(`${count}`), count);
          else
            t.throws(() => parseVcpuCount(`${count}`), {
              instanceOf: UsageError,
              message: /1 to 64/,
            });
        },
      ),
    ),
  );
});

test('what is no whole number is refused', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom('', ' ', '2.0', '1e1', '0x2', '２', 'two'),
          fc.string().filter((text) => !/\d/.test(text)),
        ),
        (text) => {
          t.throws(() => parseVcpuCount(text), { instanceOf: UsageError });
        },
      ),
    ),
  );
});
