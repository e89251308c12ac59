import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools } from '../../src/engines/stress/index.ts';
import type { MachineSpec } from '../../src/host/machine.ts';
import { mutants } from '../../src/zoo/index.ts';
import { expectHolds, testKills } from './races.ts';

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
        await expectHolds({
          scenario,
          machine: differs,
          seconds: 0.4,
        });
      }),
      { numRuns: 6 },
    );
    t.pass();
  });
}

test.serial('no vCPU waits for ever where one worker serves many', async (t) => {
  const machine = { vcpus: 7 };
  const result = await expectHolds({ scenario: 'async-page-fault', machine, seconds: 5 });
  t.true(result.samples! > 0);
});

testKills(
  mutants.filter(
    ({ scenario, notOnThreads }) =>
      Object.hasOwn(SCENARIOS, scenario) && notOnThreads === undefined,
  ),
  30,
);
