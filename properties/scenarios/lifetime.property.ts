import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools } from '../../src/engines/stress/index.ts';
import type { MachineSpec } from '../../src/host/machine.ts';
import { mutants } from '../../src/zoo/index.ts';
import { initialVersion } from '../machines.ts';
import { expectHolds, testKills } from './races.ts';

test.after.always(() => closePools());

/** What may differ of a machine without changing what these stories are about, and how many vCPUs. */
const machine = (least: number, most: number): fc.Arbitrary<Partial<MachineSpec>> =>
  fc.record({
    initialVersion,
    updateInterval: fc.constantFrom(0, 20, 200, 2_000),
    firstTick: fc.bigInt({ min: 0n, max: 2n ** 50n }),
    samplingGap: fc.nat(10_000),
    vcpus: fc.integer({ min: least, max: most }),
  });

/** Scenarios of flushes, halts, locks and lifetimes: fewest and most vCPUs. */
const SCENARIOS = {
  'pv-tlb-flush': [2, 4],
  'halt-poll': [2, 2],
  'kick-before-halt': [2, 2],
  'pv-spinlock': [2, 3],
  'pv-spinlock-handover': [2, 2],
  'hotplug-disable': [1, 3],
  'memslot-move': [1, 3],
} as const;

for (const [scenario, [least, most]] of Object.entries(SCENARIOS)) {
  test.serial(`${scenario} holds on any machine`, async (t) => {
    await fc.assert(
      fc.asyncProperty(machine(least, most), async (differs) => {
        await expectHolds({
          scenario,
          machine: differs,
          // By time: a thread that has done its operations would answer no peer any more.
          seconds: 0.3,
        });
      }),
      { numRuns: 6 },
    );
    t.pass();
  });
}

// What only a store buffer shows needs two threads that really run at once: a busy machine has none.
testKills(
  mutants.filter(
    ({ scenario, visibleUnder, notOnThreads }) =>
      Object.hasOwn(SCENARIOS, scenario) &&
      notOnThreads === undefined &&
      visibleUnder.includes('sc'),
  ),
);
