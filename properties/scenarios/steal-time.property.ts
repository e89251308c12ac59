import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools } from '../../src/engines/stress/index.ts';
import { mutants } from '../../src/zoo/index.ts';
import { initialVersion } from '../machines.ts';
import { expectHolds, testKills } from './races.ts';

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
        await expectHolds({
          scenario,
          machine: differs,
          operations: 20_000,
        });
      }),
      { numRuns: 8 },
    );
    t.pass();
  });
}

// By the first invariant of its row: what else it breaks takes longer.
testKills(
  mutants
    .filter(
      ({ mechanism, notOnThreads }) => mechanism === 'steal-time' && notOnThreads === undefined,
    )
    .map((twin) => ({ ...twin, invariants: twin.invariants.slice(0, 1) })),
);
