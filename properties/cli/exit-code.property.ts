import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { resultsOf } from '../report/results.ts';

test('any mix of results has the exit code of the contract', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.array(resultsOf(fc.constant('text')), { minLength: 1, maxLength: 6 }),
        (results) => {
          const broken = results.some(({ verdict }) => verdict === 'fail');
          const unloadable = results.some(
            (result) => result.verdict === 'error' && result.code === 'GUEST_LOAD',
          );
          const clean = results.every(({ verdict }) => verdict === 'pass');
          t.is(exitCodeOf(results), broken ? 1 : unloadable ? 2 : clean ? 0 : 3);
        },
      ),
    ),
  );
  t.is(exitCodeOf([]), 3);
});
