import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { mutants } from '../../src/zoo/index.ts';
import { initialVersion } from '../machines.ts';

test.after.always(() => closePools());

const machine = fc.record({
  initialVersion,
  updateInterval: fc.constantFrom(0, 20, 200, 2_000),
  vcpus: fc.integer({ min: 2, max: 4 }),
});

for (const scenario of ['steal-time-remote-read', 'preempted-flag'] as const) {
  test.serial(`${scenario} holds on any machine`, async (t) => {
    await fc.assert(
      fc.asyncProperty(machine, async (differs) => {
        const result = await stress({
          scenario,
          machine: differs,
          operations: 20_000,
          canarySeconds: 0.01,
        });
        if (result.verdict === 'fail' || result.verdict === 'error') t.log(result.message);
        return result.verdict === 'pass' || result.verdict === 'incomplete';
      }),
      { numRuns: 8 },
    );
    t.pass();
  });
}

for (const { id, scenario, invariants } of mutants.filter(
  ({ mechanism, notOnThreads }) => mechanism === 'steal-time' && notOnThreads === undefined,
)) {
  test.serial(`${id} is killed by its own invariant`, async (t) => {
    const result = await stress({ scenario, mutant: id, seconds: 20, canarySeconds: 0.01 });
    t.is(result.verdict, 'fail', JSON.stringify(result.outcomes));
    t.is(result.verdict === 'fail' && result.invariant, invariants[0]!);
  });
}
