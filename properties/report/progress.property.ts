import '../seed.ts';
import { Writable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {
  barProgress,
  lineProgress,
  type RunProgress,
  wholeFraction,
} from '../../src/report/progress.ts';

const progresses: fc.Arbitrary<RunProgress> = fc
  .record({
    scenario: fc.constant('message-passing'),
    phase: fc.constantFrom('starting', 'measuring', 'racing', 'stopping'),
    elapsed: fc.double({ min: 0, max: 20, noNaN: true }),
    total: fc.double({ min: 0, max: 10, noNaN: true }),
    operations: fc.nat(),
    place: fc.integer({ min: 1, max: 9 }),
    more: fc.nat({ max: 9 }),
  })
  .map(({ more, ...progress }) => ({ ...progress, count: progress.place + more }));

function stream(properties: object): Writable & { written: string } {
  const output = new Writable({
    write(chunk, _encoding, done) {
      (output as Writable & { written: string }).written += String(chunk);
      done();
    },
  });
  return Object.assign(output, { written: '', ...properties }) as Writable & { written: string };
}

test('a stream that is no terminal gets a whole line every five seconds, and no more', (t) => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), progresses), { maxLength: 30 });
  t.notThrows(() =>
    fc.assert(
      fc.property(steps, (each) => {
        const output = stream({});
        let now = 100;
        let last = now;
        let expected = 0;
        const display = lineProgress(output, () => now);
        for (const [step, progress] of each) {
          now += step;
          if (now - last >= 5) {
            last = now;
            expected++;
          }
          display.show(progress);
        }
        display.clear();
        t.is(output.written.split('\n').length - 1, expected);
        t.false(output.written.includes('\u001b'));
        t.true(output.written === '' || output.written.endsWith('\n'));
      }),
    ),
  );
});

test('how much is done lies between nothing and all, and grows', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(progresses, (progress) => {
        const done = wholeFraction(progress);
        const before = wholeFraction({ ...progress, elapsed: progress.elapsed / 2 });
        return done >= 0 && done <= 1 && before <= done;
      }),
    ),
  );
});

test('the bar names the scenario, and leaves an empty line behind', (t) => {
  const output = stream({ isTTY: true, columns: 100 });
  const display = barProgress(output);
  display.show({
    scenario: 'message-passing',
    phase: 'racing',
    elapsed: 5,
    total: 10,
    operations: 5_000_000,
    place: 1,
    count: 2,
  });
  display.clear();
  t.regex(
    output.written,
    /\[=+-+\] \[1\/2\] message-passing: 5,000,000 operations 1M\/s, 15 s left/,
  );
  t.true(output.written.endsWith('\u001b[2K'));
});
