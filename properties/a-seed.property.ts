import test from 'ava';
import fc from 'fast-check';
import { PROPERTY_SEED } from './seed.ts';

test('every property draws from the printed seed', (t) => {
  t.log(`SEED=${PROPERTY_SEED}`);
  t.is(fc.readConfigureGlobal().seed, PROPERTY_SEED);
  const [once, again] = [1, 2].map(() =>
    fc.sample(fc.integer(), { numRuns: 5, seed: PROPERTY_SEED }),
  );
  t.deepEqual(once, again);
});
