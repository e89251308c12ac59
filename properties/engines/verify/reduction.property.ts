import test from 'ava';
import fc from 'fast-check';
import { Stepper } from '../../../src/engines/controlled/stepper.ts';
import { SystemFactory } from '../../../src/engines/controlled/system.ts';
import { Exploration } from '../../../src/engines/verify/explore.ts';
import type { Reduction } from '../../../src/engines/verify/reduction.ts';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import '../../seed.ts';
import {
  load,
  named,
  PLACES,
  type RandomProgram,
  randomProgram,
  randomScenario,
  store,
} from './random-programs.ts';

const LIMITS = { maxStates: 400_000, maxBytes: 2 ** 30 };

/** The results that a program can have, as numbers of its table of outcomes. */
function resultsOf(
  programs: readonly RandomProgram[],
  model: 'sc' | 'tso' | 'weak',
  unreduced: boolean,
): string {
  const explored = verifyHere({ scenario: randomScenario(programs), model, unreduced }, LIMITS);
  if (explored.kind === 'stopped') return 'too large';
  return explored.outcomes.flatMap((count, outcome) => (count > 0 ? [outcome] : [])).join(' ');
}

for (const model of ['sc', 'tso', 'weak'] as const) {
  test(`what a reduction leaves out changes no result under ${model}`, (t) => {
    t.timeout(120_000);
    const programs = fc.array(randomProgram, { minLength: 2, maxLength: 3 });
    let compared = 0;
    const property = fc.property(programs, (each) => {
      const all = resultsOf(each, model, true);
      if (all === 'too large') return;
      compared++;
      t.is(resultsOf(each, model, false), all);
    });
    const numRuns = Math.ceil(
      (fc.readConfigureGlobal().numRuns ?? 100) * (model === 'weak' ? 0.4 : 1),
    );
    t.notThrows(() => fc.assert(property, { numRuns }));
    t.true(compared > 10);
  });
}

const [LOW, HIGH, OTHER] = PLACES;
/** Programs of which a reduction once left results out. */
const LEFT_OUT: Readonly<Record<string, readonly RandomProgram[]>> = {
  'what is accessed as one has one order of messages': [
    [
      load(OTHER),
      load(LOW),
      named('load64', (m) => Number(m.load64(LOW) % 1009n)),
      named('cmpxchg', (m) => m.lockCmpxchg32(HIGH, 0, 7)),
    ],
    [store(HIGH, 1), store(OTHER, 1)],
    [named('xchg', (m) => m.lockXchg32(LOW, 5))],
  ],
  'a note of the checker waits for the stores before it': [
    [load(HIGH)],
    [store(OTHER, 2), load(HIGH)],
    [
      store(LOW, 2),
      load(OTHER),
      named('write down', (_, l) => void l.store32(0, 4)),
      named('note', (_, l) => void l.add32(0, 1)),
    ],
  ],
};

for (const [words, programs] of Object.entries(LEFT_OUT)) {
  test(words, (t) => {
    for (const model of ['sc', 'tso', 'weak'] as const)
      t.is(resultsOf(programs, model, false), resultsOf(programs, model, true), model);
  });
}

test('a reduction that looks at no conflict leaves results out', (t) => {
  const [x, y] = PLACES;
  const programs: RandomProgram[] = [
    [store(x, 1), load(y)],
    [store(y, 1), load(x)],
  ];
  const blind = { isComplete: true, suffice: (enabled: number) => enabled & -enabled };
  const scenario = randomScenario(programs);
  const results = new SystemFactory({ scenario, model: 'sc' }).explore((system) => {
    const stepper = new Stepper(system);
    const reduction = blind as unknown as Reduction;
    const exploration = new Exploration(system, stepper, reduction, scenario.outcomes.length);
    exploration.run(LIMITS);
    return exploration.ways.outcomes.filter((count) => count > 0).length;
  });
  t.true(results < resultsOf(programs, 'sc', true).split(' ').length);
});

test('a weak memory keeps the newest values of a location, and says where older ones were dropped', (t) => {
  const [x, , y] = PLACES;
  for (const [stores, assumptions] of [
    [20, []],
    [40, ['newest-values:30']],
  ] as const) {
    const writer = Array.from({ length: stores }, () => store(x, 1));
    const scenario = randomScenario([writer, [load(y), load(x)]]);
    const verified = verifyHere({ scenario, model: 'weak' }, LIMITS);
    t.is(verified.kind, 'all');
    t.deepEqual(verified.assumptions, assumptions);
  }
});

test('a weak memory drops what no thread loads any more', (t) => {
  const [x, , y] = PLACES;
  const stores = Array.from({ length: 40 }, () => store(x, 1));
  // The other thread has loaded x before it takes its last step.
  const scenario = randomScenario([stores, [load(x), load(y)]]);
  const { kind, states } = verifyHere({ scenario, model: 'weak' }, LIMITS);
  const all = verifyHere({ scenario, model: 'weak', unreduced: true }, LIMITS);
  t.is(kind, 'all');
  t.is(all.kind, 'all');
  t.true(states * 4 < all.states, `${states} of ${all.states}`);
});
