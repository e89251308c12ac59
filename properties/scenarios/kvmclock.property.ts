import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools } from '../../src/engines/stress/index.ts';
import { mutants } from '../../src/zoo/index.ts';
import { clockMachine } from '../machines.ts';
import { expectHolds, testKills } from './races.ts';

test.after.always(() => closePools());

const SCENARIOS = [
  'pvclock-torn-read',
  'pvclock-own-area',
  'clock-monotonic-stable',
  'clock-set-while-running',
  'clock-pair-updates',
  'guest-stopped',
] as const;

for (const scenario of SCENARIOS) {
  test.serial(`${scenario} holds on any machine`, async (t) => {
    await fc.assert(
      fc.asyncProperty(clockMachine, async (machine) => {
        const result = await expectHolds({ scenario, machine, operations: 8_000 });
        t.true(result.samples! > 0);
      }),
      { numRuns: 8 },
    );
  });
}

test.serial('clock-frequency-change holds on any machine of one vCPU', async (t) => {
  await fc.assert(
    fc.asyncProperty(clockMachine, async (drawn) => {
      const machine = { ...drawn, vcpus: 1 };
      const scenario = 'clock-frequency-change';
      await expectHolds({ scenario, machine, operations: 8_000 });
    }),
    { numRuns: 8 },
  );
  t.pass();
});

for (const scenario of ['clock-monotonic-unstable', 'clock-updates-all'] as const) {
  test.serial(`${scenario} holds with any sampling gap`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(100_000),
        fc.integer({ min: 2, max: 4 }),
        async (samplingGap, vcpus) => {
          const machine = { samplingGap, vcpus };
          await expectHolds({
            scenario,
            machine,
            operations: 20_000,
          });
        },
      ),
      { numRuns: 12 },
    );
    t.pass();
  });
}

/** The reference, and a while that goes by the TSC before it returns: more samples than are remembered. */
const LINGERS = new URL(
  `data:text/javascript,${encodeURIComponent(`import { referenceGuest } from 'pvrace';
export function readClock(cpu, at) {
  const time = referenceGuest.readClock(cpu, at);
  for (let looks = 0; looks < 20; looks++) cpu.rdtsc();
  return time;
}`)}`,
);

for (const scenario of ['pvclock-torn-read', 'clock-monotonic-unstable'] as const) {
  test.serial(`${scenario} holds for a guest that looks at the TSC many times`, async (t) => {
    const result = await expectHolds({ scenario, guest: LINGERS, seconds: 2 });
    t.true(result.samples! > 0);
  });
}

testKills(
  mutants.filter(
    ({ mechanism, notOnThreads }) => mechanism === 'kvmclock' && notOnThreads === undefined,
  ),
);

test.serial('the same seed draws the same pattern, another one another', async (t) => {
  const { Random, hashSeed } = await import('../../src/scenarios/random.ts');
  const draw = (seed: string): number[] => {
    const random = new Random(hashSeed(seed, 'pvclock-torn-read', 0));
    return Array.from({ length: 8 }, () => random.below(1_000));
  };
  t.deepEqual(draw('a'), draw('a'));
  t.notDeepEqual(draw('a'), draw('b'));
});
