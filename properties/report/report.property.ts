import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { meaning, wholeVerdict } from '../../src/report/report.ts';
import { reportedResultsOf } from './results.ts';

const results = fc.array(reportedResultsOf(fc.constant('text')), { maxLength: 6 });

test('the gravest result decides, in any order', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(results, (each) => {
        const has = (verdict: string): boolean =>
          each.some((result) => meaning(result) === verdict);
        const expected = has('fail')
          ? 'fail'
          : has('error')
            ? 'error'
            : has('incomplete')
              ? 'incomplete'
              : 'pass';
        t.is(wholeVerdict(each), each.length === 0 ? 'incomplete' : expected);
        t.is(wholeVerdict([...each].reverse()), wholeVerdict(each));
      }),
    ),
  );
});

test('a twin that was caught is a pass, one that was not never is', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(results, (each) => {
        for (const result of each) {
          if (result.killed === 'not-visible') t.is(meaning(result), 'pass');
          if (result.killed === undefined || result.killed === 'not-visible') continue;
          if (result.mutant === undefined) {
            const unfinished = result.verdict === 'incomplete' && result.engine === 'verify';
            if (!unfinished) t.is(meaning(result), result.verdict);
            continue;
          }
          if (result.killed === 'killed') t.is(meaning(result), 'pass');
          if (result.killed === 'survived')
            t.true(['incomplete', 'error'].includes(meaning(result)));
          if (result.killed === undefined) t.is(meaning(result), result.verdict);
        }
      }),
    ),
  );
});
