import test from 'ava';
import { DEFAULT_MACHINE } from '../../src/host/machine.ts';
import { defineScenario, type ScenarioDefinition } from '../../src/scenarios/define-scenario.ts';
import type { VcpuThread } from '../../src/scenarios/scenario.ts';
import { UsageError } from '../../src/scenarios/usage-error.ts';

const thread = (name: string, vcpu: number) => ({
  name,
  vcpu,
  start: ({ cpu }: VcpuThread) => ({ step: () => cpu.compilerBarrier() }),
});

const RIGHT: ScenarioDefinition = {
  name: 'mine',
  threads: [thread('a', 0), thread('b', 1)],
  invariants: ['X1'],
  outcomes: [{ outcome: 'done', expect: 'ACCEPTABLE', description: 'A step.' }],
};

/** What is wrong with a definition, and what is said of it. */
const WRONG: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ threds: [] }, /a field in a scenario, got "threds"\. Did you mean threads\?/],
  [{ name: 'My Scenario' }, /a name of lower-case letters/],
  [{ vcpus: 0 }, /vcpus from 1 to 64/],
  [{ vcpus: 10_000 }, /vcpus from 1 to 64/],
  [{ vcpus: { default: 1, least: 2, most: 1 } }, /vcpus from 1 to 64/],
  [{ machine: { vcpus: 10_000 } }, /machine\.vcpus from 1 to 64/],
  [{ machine: { ram: 4096 } }, /a field of the machine in a scenario, got "ram"/],
  [{ machine: { ramBytes: 70_001 } }, /whole 4096-byte pages/],
  [{ machine: { ramBytes: 2 ** 40 } }, /1073741824 bytes at most/],
  [{ machine: { tscKhz: [] } }, /machine\.tscKhz as an array of whole numbers/],
  [{ machine: { tscKhz: 1_000_000 } }, /machine\.tscKhz as an array/],
  [{ machine: { firstTick: 5 } }, /machine\.firstTick as a bigint/],
  [{ machine: { irqchip: 'apic' } }, /machine\.irqchip of none, kernel, split/],
  [{ ledgerBytes: '64' }, /ledgerBytes from 0/],
  [{ rounds: { instances: 0 } }, /rounds as \{ instances \}/],
  [{ roles: ['readClok'] }, /a role in a scenario, got "readClok"\. Did you mean readClock\?/],
  [{ invariants: [null] }, /an invariant of the catalogue, or/],
  [{ invariants: [{ id: 'A' }] }, /an invariant of its own to be/],
  [{ outcomes: [{ outcome: 'a', expect: 'OK', description: '' }] }, /outcomes graded ACCEPTABLE/],
  [{ outcomes: [{ outcome: 'a', expect: 'ACCEPTABLE' }] }, /each outcome to be/],
  [{ controlled: { clockSteps: -1 } }, /controlled\.clockSteps/],
  [{ host: { publishClok: () => {} } }, /an operation of the host .* Did you mean publishClock\?/],
  [{ host: { publishClock: 7 } }, /host\.publishClock as a function/],
  [{ instrument: 7 }, /instrument as a function/],
];

test('what is wrong with a definition is said with the field, what it may be and what came', (t) => {
  t.notThrows(() => defineScenario(RIGHT));
  for (const [change, message] of WRONG) {
    const error = t.throws(() => defineScenario({ ...RIGHT, ...change } as ScenarioDefinition), {
      instanceOf: UsageError,
    });
    t.regex(error!.message, message);
  }
});

/** Threads that no machine can have. */
const THREADS: readonly (readonly [readonly unknown[], RegExp])[] = [
  [[], /at least one thread/],
  [[null], /each thread of a scenario to be/],
  [[{ name: 'a', vcpu: 0, start: async () => {} }], /each thread of a scenario to be/],
  [[thread('a', 0), thread('a', 1)], /a name of its own for each thread, got two of a/],
  [[thread('a', 0), thread('b', 0)], /one thread for each vCPU, got a and b for vCPU 0/],
  [[thread('a', 2)], /a to be on a vCPU from 0 to 1, got 2/],
  [[thread('a', -1)], /a to be on a vCPU from 0 to 1, got -1/],
  [[{ ...thread('a', 0), steps: Number.NaN }], /steps of a as a whole number/],
];

test('so it is with threads, once there is a machine for them', (t) => {
  for (const [threads, message] of THREADS) {
    const scenario = defineScenario({ ...RIGHT, vcpus: 2, threads: () => threads as never });
    const error = t.throws(() => scenario.threads({ ...DEFAULT_MACHINE, vcpus: 2 }), {
      instanceOf: UsageError,
    });
    t.regex(error!.message, message);
  }
});

test('a scenario whose threads are listed has as many vCPUs as they are on', (t) => {
  const threads = [0, 1, 2].map((vcpu) => thread(`cpu${vcpu}`, vcpu));
  t.is(defineScenario({ ...RIGHT, threads }).vcpus.default, 3);
});
