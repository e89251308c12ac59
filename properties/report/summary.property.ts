import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { pageOf } from '../../src/report/page.ts';
import { wholeVerdict } from '../../src/report/report.ts';
import { summaryLines, warnings } from '../../src/report/summary.ts';
import { anyColumns, anyText, reportsOf } from './results.ts';

test('the last line is the verdict', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(anyText), anyColumns, (report, columns) => {
        const last = summaryLines(report, pageOf(columns, false)).at(-1)!;
        return (
          last.startsWith(`${wholeVerdict(report.results).toUpperCase()}: `) &&
          last.length > 'FAIL: '.length
        );
      }),
    ),
  );
});

test('a sensitivity of zero and too many threads are warned of, and nothing else is', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(fc.constant('text')), (report) => {
        const blind = report.results.some(
          ({ verdict, sensitivity }) => sensitivity === 0 && verdict !== 'error',
        );
        const crowded = report.results.some(
          ({ engine, instance }) =>
            engine === 'stress' && Number(instance.threads) > report.machine.cores,
        );
        const told = warnings(report).join(' ');
        t.is(told.includes('did not collide'), blind);
        t.is(told.includes('more threads'), crowded);
        t.is(told === '', !blind && !crowded);
      }),
    ),
  );
});

test('the verdict names what broke', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(fc.constant('text')), (report) => {
        const last = summaryLines(report, pageOf(100, false)).at(-1)!;
        const broken = report.results.flatMap((result) =>
          result.verdict === 'fail' && result.killed === undefined ? [result.invariant] : [],
        );
        return broken.every((id) => last.includes(id));
      }),
    ),
  );
});
