import '../../seed.ts';
import test from 'ava';
import { verify } from '../../../src/engines/verify/index.ts';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import { findScenario } from '../../../src/scenarios/index.ts';
import type { Scenario } from '../../../src/scenarios/scenario.ts';
import { UsageError } from '../../../src/scenarios/usage-error.ts';
import { findMutant } from '../../../src/zoo/index.ts';

const LIMITS = { maxStates: 400_000, maxBytes: 2 ** 30 };

for (const [name, models] of [
  ['pv-spinlock-handover', ['tso']],
  ['request-kick', ['sc', 'tso']],
  ['async-page-fault-acknowledge', ['sc', 'tso', 'weak']],
] as const) {
  test(`two instances of a round of ${name} hold`, (t) => {
    for (const model of models) {
      const { kind } = verifyHere({ scenario: findScenario(name), model, steps: 2 }, LIMITS);
      t.is(kind, 'all', model);
    }
  });
}

for (const id of ['Z-K3', 'Z-K4', 'Z-R1', 'Z-R3']) {
  test(`${id} falls in two instances of a round too`, (t) => {
    const mutant = findMutant(id);
    const scenario = findScenario(mutant.scenario);
    const { failure } = verifyHere({ scenario, mutant, model: 'tso', steps: 2 }, LIMITS);
    t.is(failure?.kind === 'violation' ? failure.invariant : failure?.kind, mutant.invariants[0]);
  });
}

/** Each instance is a word that two threads write; what is judged is what each of them was told. */
const WORDS: Scenario = {
  ...findScenario('coherence'),
  name: 'words',
  rounds: { instances: 3 },
  outcomes: [0, 1, 2].map((at) => ({
    outcome: `instance ${at}`,
    expect: 'ACCEPTABLE' as const,
    description: 'It was judged.',
  })),
  controlled: { clockSteps: 0 },
  threads: () =>
    ['one', 'other'].map((name, index) => ({
      name,
      start: ({ kvm: { memory }, outcome, violated }) => ({
        step: (instance) => memory.store32(SCRATCH + 64 * instance, instance + 1),
        ...(index === 0 && {
          judge(instance: number) {
            if (memory.load32(SCRATCH + 64 * instance) !== instance + 1) violated('L1', 'Other.');
            outcome(instance);
          },
        }),
      }),
    })),
};

test('each call is about an instance of its own, and each is judged once all are over', (t) => {
  for (const steps of [1, 2, 3]) {
    const { kind, outcomes } = verifyHere({ scenario: WORDS, model: 'tso', steps }, LIMITS);
    t.is(kind, 'all');
    t.deepEqual(
      outcomes.map((count) => count > 0),
      [0, 1, 2].map((at) => at < steps),
    );
  }
});

test('more calls than a round has instances are refused', async (t) => {
  t.throws(() => verifyHere({ scenario: WORDS, model: 'sc', steps: 4 }, LIMITS), {
    instanceOf: UsageError,
    message: /at most 3 calls/,
  });
  await t.throwsAsync(verify({ scenario: 'message-passing', steps: 100_000 }), {
    instanceOf: UsageError,
  });
});
