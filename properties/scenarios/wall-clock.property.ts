import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools } from '../../src/engines/stress/index.ts';
import { mutants } from '../../src/zoo/index.ts';
import { clockMachine } from '../machines.ts';
import { expectHolds, testKills } from './races.ts';

test.after.always(() => closePools());

test.serial('wall-clock-readers holds on any machine', async (t) => {
  await fc.assert(
    fc.asyncProperty(clockMachine, async (machine) => {
      const scenario = 'wall-clock-readers';
      await expectHolds({ scenario, machine, operations: 8_000 });
    }),
    { numRuns: 8 },
  );
  t.pass();
});

// By the first invariant of its row: what else it breaks takes longer.
testKills(
  mutants
    .filter(
      ({ mechanism, notOnThreads }) => mechanism === 'wall-clock' && notOnThreads === undefined,
    )
    .map((twin) => ({ ...twin, invariants: twin.invariants.slice(0, 1) })),
);
