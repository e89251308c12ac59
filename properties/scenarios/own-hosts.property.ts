import test from 'ava';
import { sample } from '../../src/engines/sample/index.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { verify } from '../../src/engines/verify/index.ts';
import { verifyHere } from '../../src/engines/verify/verify-here.ts';
import { VCPU } from '../../src/host/records.ts';
import { defineScenario } from '../../src/scenarios/define-scenario.ts';
import { findScenario } from '../../src/scenarios/index.ts';
import type { Scenario } from '../../src/scenarios/scenario.ts';

test.after.always(() => closePools());

const example = (name: string): URL => new URL(`../../../examples/${name}.mjs`, import.meta.url);
/** A module that takes a scenario of the catalogue and replaces operations of its host. */
const hostOf = (scenario: string, host: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { defineScenario, findScenario } from 'pvrace';
export default defineScenario({ ...findScenario('${scenario}'), name: 'mine', host: { ${host} } });`)}`,
  );
const LIMITS = { maxStates: 100_000, maxBytes: 2 ** 28 };

test.serial(
  'the two hosts of the examples: one holds, the other breaks P1, on every engine',
  async (t) => {
    const correct = example('host-correct');
    t.is((await verify({ scenario: correct, model: 'weak' })).verdict, 'pass');
    t.is((await sample({ scenario: correct, runs: 500 })).verdict, 'pass');
    const broken = example('host-broken');
    for (const result of [
      await verify({ scenario: broken, model: 'sc' }),
      await sample({ scenario: broken }),
      await stress({ scenario: broken, seconds: 5, canarySeconds: 0.01 }),
    ]) {
      t.is(result.scenario, 'host-broken');
      t.true(result.verdict === 'fail' && result.invariant === 'P1', JSON.stringify(result));
    }
  },
);

/** Hosts that nobody has in the catalogue, and what each breaks. */
const HOSTS: Readonly<Record<string, readonly [Scenario, string]>> = {
  'publishes the time after the even version': [
    defineScenario({
      ...findScenario('pvclock-torn-read'),
      host: {
        publishClock(kvm, vcpu, { tscTimestamp, systemTime, mul, shift, flags }) {
          const { memory, cpu } = kvm;
          const area = cpu.translate(Number(memory.load64(vcpu + VCPU.pvclockGpa)), 32);
          const version = kvm.ops.beginPublication(kvm, area);
          memory.store64(area + 8, tscTimestamp);
          memory.store32(area + 24, mul);
          memory.store32(area + 28, ((shift & 0xff) | (flags << 8)) >>> 0);
          kvm.ops.endPublication(kvm, area, version);
          memory.store64(area + 16, systemTime);
        },
      },
    }),
    'P1',
  ],
  'writes steal time in halves under no version': [
    defineScenario({
      ...findScenario('steal-time-remote-read'),
      host: {
        updateSteal(kvm, vcpu, area) {
          const steal = kvm.ops.accumulateSteal(kvm, vcpu, area);
          kvm.memory.store32(area + 4, Number(steal >> 32n));
          kvm.memory.store32(area, Number(BigInt.asUintN(32, steal)));
        },
      },
    }),
    'S2',
  ],
  'clears irr_pending after its search, and so what a device has just set': [
    defineScenario({
      ...findScenario('pv-eoi-storm'),
      controlled: { ...findScenario('pv-eoi-storm').controlled, steps: { vcpu0: 1, device: 2 } },
      host: {
        clearIrr({ memory }, vcpu, vector) {
          memory.lockAnd32(vcpu + VCPU.irr + (vector >>> 5) * 4, ~(1 << (vector & 31)));
          let left = 0;
          for (let word = 0; word < 8; word++) left |= memory.load32(vcpu + VCPU.irr + word * 4);
          if (left === 0) memory.store32(vcpu + VCPU.irrPending, 0);
        },
      },
    }),
    'E3',
  ],
  'cuts CLOCK_REALTIME to whole seconds, which its first write breaks already': [
    defineScenario({
      ...findScenario('wall-clock-readers'),
      host: {
        wallClockEpochNs(kvm) {
          const { clock, realtime } = kvm.ops.getClock(kvm);
          return BigInt.asUintN(64, (realtime / 1_000_000_000n) * 1_000_000_000n - clock);
        },
      },
    }),
    'P5',
  ],
  'counts a kick of nobody': [
    defineScenario({ ...findScenario('request-kick'), host: { kickVcpu: () => false } }),
    'R1',
  ],
};

for (const [what, [scenario, invariant]] of Object.entries(HOSTS)) {
  test(`a host that ${what} breaks ${invariant}`, (t) => {
    const { failure } = verifyHere({ scenario, model: 'sc' }, LIMITS);
    t.true(failure?.kind === 'violation' && failure.invariant === invariant);
  });
}

test('a scenario with another host is explored as small as its reference', (t) => {
  const reference = findScenario('pvclock-torn-read');
  const same = verifyHere(
    { scenario: defineScenario({ ...reference, host: {} }), model: 'sc' },
    LIMITS,
  );
  t.is(same.states, verifyHere({ scenario: reference, model: 'sc' }, LIMITS).states);
});

test('what wraps operations besides may remember, and a small instance of its own is the only one', (t) => {
  const base = findScenario('pvclock-torn-read');
  const wrapped = defineScenario({
    ...base,
    instrument: (ops, thread) => base.instrument!(ops, thread),
  });
  t.true(wrapped.keepsState);
  t.is(wrapped.reference, base.name);
  t.false(defineScenario({ ...base, host: {} }).keepsState);
  t.is(
    defineScenario({ ...base, controlled: { ...base.controlled, clockSteps: 0 } }).reference,
    undefined,
  );
});

test.serial('a host whose mistake shows in the story of a twin only is found there', async (t) => {
  const scenario = hostOf('pv-eoi-storm', 'interruptWaits: () => false');
  for (const result of [await verify({ scenario, model: 'sc' }), await sample({ scenario })]) {
    t.true(result.verdict === 'fail' && result.invariant === 'E3', JSON.stringify(result));
    t.is(result.instance.story, 'Z-E2');
  }
  // Who chooses an instance has that one.
  t.is((await verify({ scenario, model: 'sc', steps: 1 })).verdict, 'pass');
});

test.serial('a guest that is right is told which stories it has been through', async (t) => {
  const guest = example('pv-eoi-correct');
  const { verdict, instance } = await verify({ scenario: 'pv-eoi-storm', guest, model: 'sc' });
  t.is(verdict, 'pass');
  t.is(instance['stories besides'], 'Z-E2');
});
