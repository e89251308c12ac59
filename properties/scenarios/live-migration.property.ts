import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { closePools } from '../../src/engines/stress/index.ts';
import type { MachineSpec } from '../../src/host/machine.ts';
import { mutants } from '../../src/zoo/index.ts';
import { initialVersion } from '../machines.ts';
import { expectHolds, testKills } from './races.ts';

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
        await expectHolds({
          scenario,
          machine: differs,
          seconds: 0.6,
        });
      }),
      { numRuns: 8 },
    );
    t.pass();
  });
}

/** A module of `live-migration` on a host that replaces some of its operations. */
const onHost = (name: string, host: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { defineScenario, findScenario, referenceHost } from 'pvrace';
const wait = (kvm) => { for (let looks = 0; looks < 20_000; looks++) kvm.memory.load32(kvm.vm); };
export default defineScenario({ ...findScenario('live-migration'), name: '${name}', host: { ${host} } });`)}`,
  );

test.serial(
  'a worker that is slow to return from a vCPU that is gone is no lost page',
  async (t) => {
    const host = `finishAsyncPfWork(kvm, work) {
    referenceHost.finishAsyncPfWork(kvm, work);
    wait(kvm);
  }`;
    const scenario = onHost('slow-workers', host);
    t.true((await expectHolds({ scenario, seconds: 3 })).samples! > 0);
  },
);

test.serial(
  'two vCPUs that are asked for a master clock pair do not take it at once',
  async (t) => {
    // A tick of this guest is a microsecond: what two pairs differ in by rounding shows.
    const machine = { vcpus: 3, tscKhz: [1_000], hostTscKhz: 1_000_000 };
    const host = `makeAllVcpusRequestAndWait(kvm, request) {
    referenceHost.makeAllVcpusRequestAndWait(kvm, request);
    wait(kvm);
  }`;
    const scenario = onHost('slow-pairs', host);
    t.true((await expectHolds({ scenario, machine, seconds: 3 })).samples! > 0);
  },
);

test.serial(
  '10 000 values in every MSR, from two vCPUs of a VM that moves: M1 and M2 hold',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 8 }), initialVersion, async (seed, version) => {
        const result = await expectHolds({
          scenario: 'msr-storm',
          seed,
          machine: { vcpus: 2, initialVersion: version },
          seconds: 3,
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

testKills(mutants.filter(({ scenario }) => SCENARIOS.has(scenario)));
