import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import type { MachineSpec } from '../../src/host/machine.ts';
import { mutants } from '../../src/zoo/index.ts';

test.after.always(() => closePools());

/** Scenarios, and fewest and most vCPUs. */
const SCENARIOS = {
  'async-page-fault': [1, 3],
  'async-page-fault-wake-before-wait': [2, 2],
  'async-page-fault-migration': [1, 3],
} as const;

for (const [scenario, [least, most]] of Object.entries(SCENARIOS)) {
  test.serial(`${scenario} holds on any machine`, async (t) => {
    const machine: fc.Arbitrary<Partial<MachineSpec>> = fc.record({
      vcpus: fc.integer({ min: least, max: most }),
      irqchip: fc.constantFrom('kernel', 'split'),
      updateInterval: fc.constantFrom(0, 20, 200, 2_000),
    });
    await fc.assert(
      fc.asyncProperty(machine, async (differs) => {
        const result = await stress({
          scenario,
          machine: differs,
          seconds: 0.4,
          canarySeconds: 0.01,
        });
        if (result.verdict === 'fail' || result.verdict === 'error') t.log(result.message);
        return result.verdict === 'pass' || result.verdict === 'incomplete';
      }),
      { numRuns: 6 },
    );
    t.pass();
  });
}

for (const { id, scenario, invariants, notOnThreads } of mutants) {
  if (!Object.hasOwn(SCENARIOS, scenario) || notOnThreads !== undefined) continue;
  test.serial(`${id} is killed by its own invariant`, async (t) => {
    const result = await stress({ scenario, mutant: id, seconds: 30, canarySeconds: 0.01 });
    t.is(result.verdict, 'fail', JSON.stringify(result.outcomes));
    t.true(result.verdict === 'fail' && invariants.some((one) => one === result.invariant), id);
  });
}
