import test from 'ava';
import { formatReplay, replay } from '../../src/engines/replay/index.ts';
import { sample } from '../../src/engines/sample/index.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { verify } from '../../src/engines/verify/index.ts';

test.after.always(() => closePools());

const moduleOf = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

/** Two vCPUs that do this by turns, given `t` and the number of the vCPU. */
const twoVcpus = (invariants: string, step: string): URL =>
  moduleOf(`import { defineScenario } from 'pvrace';
export default defineScenario({
  name: 'mine', vcpus: 2, ledgerBytes: 64, invariants: [${invariants}],
  outcomes: [{ outcome: 'done', expect: 'ACCEPTABLE', description: 'A step came to its end.' }],
  controlled: { clockSteps: 0 },
  threads: [0, 1].map((vcpu) => ({ name: 'cpu' + vcpu, vcpu, start: (t) => ({ step() {
    const { cpu } = t;
    ${step}
    t.outcome(0);
  } }) })),
});`);

/** An MCS lock whose holder gives up the tail without a look whether somebody has queued meanwhile. */
const FORGETFUL_QUEUE = twoVcpus(
  "'X1', 'N1'",
  `const node = (v) => 0x10040 + v * 64;
    cpu.store32(node(vcpu), 0);
    cpu.store32(node(vcpu) + 4, 1);
    const before = cpu.lockXchg32(0x10000, vcpu + 1);
    if (before !== 0) {
      cpu.store32(node(before - 1), vcpu + 1);
      while (cpu.load32(node(vcpu) + 4) === 1) cpu.relax();
    }
    const next = cpu.load32(node(vcpu));
    if (next === 0) cpu.store32(0x10000, 0);
    else cpu.store32(node(next - 1) + 4, 0);`,
);

test.serial('a queue that forgets a waiter is a livelock, whose file is one again', async (t) => {
  const scenario = FORGETFUL_QUEUE;
  for (const result of [await verify({ scenario, model: 'sc' }), await sample({ scenario })]) {
    if (result.verdict !== 'fail') {
      t.fail(JSON.stringify(result));
      continue;
    }
    t.is<string, string>(result.invariant, 'N1');
    const { moves = [], schedule = [], engine, model = 'tso' } = result;
    // Who waits looks at a word that nobody stores to any more: a step all the same.
    const text = formatReplay({
      ...{ version: '', engine, model, invariant: 'N1', scenario: scenario.href, moves, notes: [] },
      expected: schedule.map(({ action, place }) => ({
        action,
        ...(place === undefined ? {} : { place }),
      })),
      shared: schedule.flatMap(({ address, bytes }) =>
        address === undefined || bytes === undefined ? [] : [{ address, bytes }],
      ),
    });
    const again = await replay(text.replace('version: \n', 'version: 0\n'));
    t.true(again.verdict === 'fail' && again.invariant === 'N1', JSON.stringify(again));
  }
});

test.serial('who is stuck at the end of a race is no pass, however short the race', async (t) => {
  const scenario = twoVcpus("'N1'", 'if (vcpu === 1) for (;;) cpu.relax();');
  const result = await stress({ scenario, seconds: 0.2, canarySeconds: 0.01 });
  t.true(result.verdict === 'error' && result.code === 'GUEST_HUNG', JSON.stringify(result));
});

test.serial('a spinlock of locked exchanges holds under every model', async (t) => {
  const lock = (release: string): URL =>
    twoVcpus(
      "{ id: 'SAME', sentence: 'What the lock guards changes as one.' }",
      `while (cpu.lockXchg32(0x10000, 1) !== 0) cpu.relax();
    const [a, b] = [cpu.load32(0x10040), cpu.load32(0x10080)];
    if (a !== b) t.violated('SAME', a + ' and ' + b);
    cpu.store32(0x10040, a + 1);
    cpu.store32(0x10080, b + 1);
    ${release}
    cpu.store32(0x10000, 0);`,
    );
  for (const model of ['sc', 'tso', 'weak'] as const)
    t.is((await verify({ scenario: lock('cpu.wmb();'), model })).verdict, 'pass', model);
  t.is((await verify({ scenario: lock(''), model: 'tso' })).verdict, 'pass');
  t.is((await verify({ scenario: lock(''), model: 'weak' })).verdict, 'fail');
});

test.serial('a thread that is alone has nobody to race with, and passes', async (t) => {
  const scenario = moduleOf(`import { abi, defineScenario } from 'pvrace';
export default defineScenario({
  name: 'alone', vcpus: 1, machine: { features: 0, enforcePvFeatureCpuid: true }, invariants: ['M2'],
  outcomes: [
    { outcome: 'refused', expect: 'ACCEPTABLE', description: 'What is not offered raised #GP.' },
    { outcome: 'taken', expect: 'FORBIDDEN', description: 'It was taken.' },
  ],
  threads: [{ name: 'guest', vcpu: 0, start: ({ cpu, outcome }) => ({ step() {
    outcome(cpu.wrmsrSafe(abi.MSR_KVM_STEAL_TIME, 0x4001n) ? 1 : 0);
  } }) }],
});`);
  t.is((await stress({ scenario, seconds: 0.2, canarySeconds: 0.01 })).verdict, 'pass');
  t.is((await verify({ scenario })).verdict, 'pass');
});

test.serial(
  'what is left at the end is judged on every engine, and nobody was stopped in a step',
  async (t) => {
    const sumOf = (add: string): URL =>
      moduleOf(`import { defineScenario } from 'pvrace';
export default defineScenario({
  name: 'sum', vcpus: 2, ledgerBytes: 64, invariants: [{ id: 'SUM', sentence: 'No update is lost.' }],
  outcomes: [{ outcome: 'added', expect: 'ACCEPTABLE', description: 'One was added.' }],
  controlled: { clockSteps: 0 },
  threads: [0, 1].map((vcpu) => ({ name: 'cpu' + vcpu, vcpu, start: ({ cpu, ledger, outcome, violated }) => ({
    step() { ${add} ledger.add32(0, 1); outcome(0); },
    finish() { if (cpu.load32(0x10000) !== ledger.load32(0)) violated('SUM', 'One was.'); },
  }) })),
});`);
    const one = 'cpu.store32(0x10000, cpu.load32(0x10000) + 1);';
    const locked = `while (cpu.lockXchg32(0x10040, 1) !== 0) cpu.relax(); ${one} cpu.wmb(); cpu.store32(0x10040, 0);`;
    for (const [add, verdict] of [
      [one, 'fail'],
      [locked, 'pass'],
    ] as const) {
      const scenario = sumOf(add);
      for (const result of [
        await verify({ scenario, model: 'tso' }),
        await sample({ scenario, runs: 2_000 }),
        await stress({ scenario, seconds: 1, canarySeconds: 0.05 }),
      ])
        t.is(result.verdict, verdict, JSON.stringify(result));
    }
  },
);
