import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { mutants } from '../../src/zoo/index.ts';
import { clockMachine } from '../machines.ts';

test.after.always(() => closePools());

test.serial('wall-clock-readers holds on any machine', async (t) => {
  await fc.assert(
    fc.asyncProperty(clockMachine, async (machine) => {
      const scenario = 'wall-clock-readers';
      const result = await stress({ scenario, machine, operations: 8_000, canarySeconds: 0.01 });
      if (result.verdict === 'fail' || result.verdict === 'error') t.log(result.message);
      return result.verdict === 'pass' || result.verdict === 'incomplete';
    }),
    { numRuns: 8 },
  );
  t.pass();
});

for (const { id, scenario, invariants } of mutants.filter(
  ({ mechanism, notOnThreads }) => mechanism === 'wall-clock' && notOnThreads === undefined,
)) {
  test.serial(`${id} is killed by its own invariant`, async (t) => {
    const result = await stress({ scenario, mutant: id, seconds: 20, canarySeconds: 0.01 });
    t.is(result.verdict, 'fail', JSON.stringify(result.outcomes));
    t.is(result.verdict === 'fail' && result.invariant, invariants[0]!);
  });
}
