import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { actorsOf, interleavingLines, stepInWords } from '../../src/report/interleaving.ts';
import { pageOf } from '../../src/report/page.ts';
import { interleavingPicture } from '../../src/report/picture.ts';
import { width } from '../../src/report/text.ts';
import { anyColumns, anyText, hasEscapes, traceStep } from './results.ts';

const schedules = (text: fc.Arbitrary<string>) =>
  fc.array(traceStep(text), { minLength: 1, maxLength: 20 });

test('the picture has a lane for each thread, a row for each step, and the sentence at its end', (t) => {
  fc.assert(
    fc.property(schedules(fc.constantFrom('vcpu0', 'vcpu1', 'vmm')), (schedule) => {
      const { source } = interleavingPicture(schedule, 'Here P1 is broken: so it is.');
      t.is(source.match(/class="lane"/g)?.length, actorsOf(schedule).length);
      t.is(source.match(/<g class="step/g)?.length, schedule.length);
      t.regex(source, /Here P1 is broken/);
      const [, wide, high] = source.match(/viewBox="0 0 ([\d.]+) ([\d.]+)"/) ?? [];
      for (const [, axis, value] of source.matchAll(/ (x|y|cx|cy)="(-?[\d.]+)"/g)) {
        t.true(Number(value) >= 0 && Number(value) <= Number(axis!.endsWith('x') ? wide : high));
      }
    }),
  );
});

test('in a terminal no line is wider than the page, and no escape sequence gets through', (t) => {
  fc.assert(
    fc.property(schedules(anyText), anyColumns, (schedule, columns) => {
      const lines = interleavingLines(schedule, pageOf(columns, false));
      for (const line of lines) {
        t.true(width(line) <= columns, `${columns}: ${JSON.stringify(line)}`);
        t.false(hasEscapes(line));
      }
    }),
  );
});

test('the steps of a livelock are told apart, in the picture and in a terminal', (t) => {
  const step = { actor: 'vcpu0', alternative: 0, action: 'load', place: 'x' } as const;
  const schedule = [step, { ...step, repeats: true }, { ...step, repeats: true }];
  t.is(interleavingPicture(schedule, 'end').source.match(/class="loop"/g)?.length, 1);
  t.is(interleavingPicture([step], 'end').source.match(/class="loop"/g), null);
  for (const columns of [30, 100]) {
    const lines = interleavingLines(schedule, pageOf(columns, false));
    const at = lines.findIndex((line) => line.includes('again and again'));
    t.regex(lines[at - 1]!, / 1 /);
    t.regex(lines[at + 1]!, / 2 /);
  }
});

test('values before and after are told, where a store waits, and what a load should have seen', (t) => {
  const access = { actor: 'vcpu0', alternative: 0, place: 'x', before: '1' } as const;
  const words = [
    stepInWords({ ...access, action: 'store', after: '2' }),
    stepInWords({ ...access, action: 'store', after: '2', buffered: true }),
    stepInWords({ ...access, action: 'store', after: '2', overtaken: true }),
    stepInWords({ ...access, action: 'drain', after: '2' }),
    stepInWords({ ...access, action: 'load', answer: '1' }),
    stepInWords({ ...access, action: 'load', answer: '2', forwarded: true }),
    stepInWords({ ...access, action: 'load', answer: '0', stale: true }),
    stepInWords({ ...access, action: 'cmpxchg', after: '2' }),
  ];
  t.deepEqual(words, [
    'x := 2 (was 1)',
    'x := 2 (buffered; memory has 1)',
    'x := 2 (behind 1, which is newer)',
    'x := 2 reaches memory (was 1)',
    'x → 1',
    'x → 2 (own store buffer; memory has 1)',
    'x → 0 (stale: 1 is newer)',
    'lock cmpxchg x: 1 → 2',
  ]);
});
