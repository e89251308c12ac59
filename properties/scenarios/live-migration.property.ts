import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import type { MachineSpec } from '../../src/host/machine.ts';
import { mutants } from '../../src/zoo/index.ts';
import { initialVersion } from '../machines.ts';

test.after.always(() => closePools());

// By time, not by operations: a move takes as long as a thousand MSR writes.

/** Machines that can be moved: any TSC of the guest, on any first host. */
const machine: fc.Arbitrary<Partial<MachineSpec>> = fc
  .record({
    tscKhz: fc.oneof(
      fc.constantFrom(1_000, 1_000_000, 2_300_000, 4_000_001),
      fc.integer({ min: 1_000, max: 8_000_000 }),
    ),
    hostTscKhz: fc.integer({ min: 1_000_000, max: 5_000_000 }),
    offset: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    encrypted: fc.boolean(),
    initialVersion,
    updateInterval: fc.constantFrom(20, 200, 2_000),
    vcpus: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ tscKhz, offset, ...rest }) => ({ ...rest, tscKhz: [tscKhz], tscOffset: [offset] }));

for (const scenario of ['live-migration', 'map-gpa-range'] as const) {
  test.serial(`${scenario} holds on any machine`, async (t) => {
    await fc.assert(
      fc.asyncProperty(machine, async (differs) => {
        const result = await stress({
          scenario,
          machine: differs,
          seconds: 0.6,
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

/** A worker whose host code takes long to return, once whoever waits for it has been let go on. */
const SLOW_WORKERS = new URL(
  `data:text/javascript,${encodeURIComponent(`import { defineScenario, findScenario, referenceHost } from 'pvrace';
export default defineScenario({ ...findScenario('live-migration'), name: 'slow-workers', host: {
  finishAsyncPfWork(kvm, work) {
    referenceHost.finishAsyncPfWork(kvm, work);
    for (let looks = 0; looks < 20_000; looks++) kvm.memory.load32(kvm.vm);
  },
} });`)}`,
);

test.serial(
  'a worker that takes long to return from a vCPU that is gone is no lost page',
  async (t) => {
    const result = await stress({ scenario: SLOW_WORKERS, seconds: 3, canarySeconds: 0.01 });
    t.true(result.verdict === 'pass' || result.verdict === 'incomplete', JSON.stringify(result));
  },
);

test.serial(
  '10 000 values in every MSR, from two vCPUs of a VM that moves: M1 and M2 hold',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 8 }), initialVersion, async (seed, version) => {
        const result = await stress({
          scenario: 'msr-storm',
          seed,
          machine: { vcpus: 2, initialVersion: version },
          seconds: 3,
          canarySeconds: 0.01,
        });
        if (result.verdict === 'fail' || result.verdict === 'error') t.log(result.message);
        const count = (name: string): number =>
          result.outcomes.find(({ outcome }) => outcome === name)?.count ?? 0;
        t.true(count('accepted') + count('refused') >= 10_000, JSON.stringify(result.outcomes));
        t.true(count('moved') > 0, JSON.stringify(result.outcomes));
        return result.verdict === 'pass' || result.verdict === 'incomplete';
      }),
      { numRuns: 4 },
    );
  },
);

const SCENARIOS = new Set(['live-migration', 'map-gpa-range', 'msr-storm']);

for (const { id, scenario, invariants } of mutants) {
  if (!SCENARIOS.has(scenario)) continue;
  test.serial(`${id} is killed by its own invariant`, async (t) => {
    const result = await stress({ scenario, mutant: id, seconds: 20, canarySeconds: 0.01 });
    t.is(result.verdict, 'fail', JSON.stringify(result.outcomes));
    t.true(result.verdict === 'fail' && invariants.some((one) => one === result.invariant), id);
  });
}
