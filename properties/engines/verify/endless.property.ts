import '../../seed.ts';
import test from 'ava';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import type { MemoryPort } from '../../../src/memory/memory-port.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import { findScenario } from '../../../src/scenarios/index.ts';
import type { Scenario } from '../../../src/scenarios/scenario.ts';
import { findMutant } from '../../../src/zoo/index.ts';

const LIMITS = { maxStates: 400_000, maxBytes: 2 ** 30 };
const FLAG = SCRATCH;
const OWN = SCRATCH + 64;
const RESULT = SCRATCH + 128;

/** One thread waits, in some way, for the other one, which sets a flag. */
function waiting(wait: (memory: MemoryPort) => void): Scenario {
  return {
    ...findScenario('coherence'),
    name: 'waiting',
    rounds: undefined as never,
    vcpus: { default: 1, least: 1, most: 1 },
    outcomes: [],
    controlled: { clockSteps: 0 },
    threads: () => [
      { name: 'waits', start: ({ kvm }) => ({ step: () => wait(kvm.memory) }) },
      {
        name: 'sets',
        start: ({ kvm }) => ({
          step() {
            kvm.memory.store32(FLAG, 1);
            kvm.memory.load32(RESULT);
          },
        }),
      },
    ],
  };
}

/** Waits whose every round leaves something behind, so that they have no end of states. */
const ENDLESS: Readonly<Record<string, (memory: MemoryPort) => void>> = {
  'counts its rounds in a local, and tells'(memory) {
    let rounds = 0;
    while (memory.load32(FLAG) === 0) rounds++;
    memory.store32(RESULT, rounds);
  },
  'counts its rounds in memory of its own'(memory) {
    while (memory.load32(FLAG) === 0) memory.store32(OWN, memory.load32(OWN) + 1);
  },
  'waits anew, with other memory of its own, in ever new loops'(memory) {
    for (let loop = 0; memory.load32(FLAG) === 0; loop++) {
      memory.store32(OWN, loop);
      let rounds = 0;
      while (memory.load32(RESULT) === 0 && memory.load32(FLAG) === 0) rounds++;
      memory.store32(RESULT, rounds);
    }
  },
};

for (const [words, wait] of Object.entries(ENDLESS)) {
  test(`a thread that ${words} is explored as far as a bound, which is no pass`, (t) => {
    t.timeout(120_000);
    const { kind, why } = verifyHere({ scenario: waiting(wait), model: 'sc' }, LIMITS);
    t.is(kind, 'stopped');
    t.is(why, 'endless');
  });
}

test('what an endless wait breaks is found all the same', (t) => {
  const scenario = waiting((memory) => {
    let rounds = 0;
    while (memory.load32(FLAG) === 0) rounds++;
    memory.store32(RESULT, rounds);
    if (rounds === 20) throw new Error('Expected nobody to wait for 20 rounds.');
  });
  t.throws(() => verifyHere({ scenario, model: 'sc' }, LIMITS), { message: /20 rounds/ });
});

test('a wait that leaves nothing behind has an end', (t) => {
  const scenario = waiting((memory) => {
    while (memory.load32(FLAG) === 0);
    memory.store32(RESULT, 1);
  });
  t.is(verifyHere({ scenario, model: 'sc' }, LIMITS).kind, 'all');
});

test('a wait for what an interrupt handler of its own sets has an end', (t) => {
  const vector = 0xec;
  const scenario: Scenario = {
    ...waiting(() => {}),
    mechanism: 'requests',
    threads: () => [
      {
        name: 'vcpu0',
        vcpu: 0,
        start({ cpu }) {
          cpu.onInterrupt(vector, () => {
            cpu.store32(OWN, 1);
            cpu.apicEoi();
          });
          return {
            step() {
              cpu.sti();
              while (cpu.load32(OWN) === 0) cpu.relax();
            },
          };
        },
      },
      {
        name: 'other',
        start: ({ kvm }) => ({
          step() {
            kvm.ops.acceptInterrupt(kvm, kvm.vcpu(0), vector);
            kvm.ops.kickVcpu(kvm, kvm.vcpu(0));
          },
        }),
      },
    ],
  };
  const { kind, states, assumptions } = verifyHere({ scenario, model: 'sc' }, LIMITS);
  t.is(kind, 'all');
  t.true(states < 500, `${states}`);
  t.deepEqual(assumptions, ['relax-promised']);
});

test('a loop that leaves TSC samples behind is closed once it repeats them', (t) => {
  t.timeout(120_000);
  const mutant = findMutant('Z-P7');
  const scenario = findScenario(mutant.scenario);
  for (const model of ['sc', 'tso'] as const) {
    // Without a check of what is read, readers go on to wait for an even version that never comes.
    const spec = { scenario, mutant, model };
    const { failure } = verifyHere({ ...spec, without: ['P1', 'P2'] }, LIMITS);
    t.is(failure?.kind, 'livelock', model);
    t.is(verifyHere({ ...spec, without: mutant.invariants }, LIMITS).kind, 'all', model);
  }
});

test('a thread of the host that looks the memslots up for the first time in a loop leaves nothing behind', (t) => {
  const scenario: Scenario = {
    ...waiting(() => {}),
    name: 'looks-up',
    threads: () => [
      {
        name: 'looks up',
        start: ({ kvm }) => ({
          step() {
            while (kvm.memory.load32(FLAG) === 0) {
              if (kvm.memory.load32(RESULT) !== 0) kvm.cpu.translate(SCRATCH, 4);
              kvm.cpu.relax();
            }
          },
        }),
      },
      {
        name: 'sets',
        start: ({ kvm }) => ({
          step() {
            kvm.memory.store32(RESULT, 1);
            kvm.memory.store32(FLAG, 1);
          },
        }),
      },
    ],
  };
  for (const model of ['sc', 'tso', 'weak'] as const)
    t.is(verifyHere({ scenario, model }, LIMITS).kind, 'all', model);
});
