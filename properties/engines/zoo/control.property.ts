import test from 'ava';
import { sample } from '../../../src/engines/sample/index.ts';
import { stress } from '../../../src/engines/stress/index.ts';
import { verify } from '../../../src/engines/verify/index.ts';
import { runTrials } from '../../../src/engines/zoo/run-trials.ts';
import { controlTrials } from '../../../src/engines/zoo/trials.ts';
import { meaning } from '../../../src/report/report.ts';
import { mutants } from '../../../src/zoo/index.ts';

/** Quickly found ones, of different invariants. */
const TWINS = ['Z-P3', 'Z-P6', 'Z-P7', 'Z-P8', 'Z-W1', 'Z-S6', 'Z-E11', 'Z-R3', 'Z-R1'];

test.serial(
  'without the checks of its own invariants a twin survives, and with them it does not',
  async (t) => {
    t.timeout(120_000);
    const twins = mutants.filter(({ id }) => TWINS.includes(id));
    t.is(twins.length, TWINS.length);
    const running = {
      engines: { stress, sample, verify },
      budget: {
        seconds: 1,
        referenceSeconds: 1,
        schedules: 1,
        referenceSchedules: 1,
        states: 200_000,
        referenceStates: 1,
        repeat: 1,
      },
      seed: 'pvrace',
      atATime: 2,
      signal: new AbortController().signal,
      onStart: () => {},
      onResult: () => {},
    };
    const trials = controlTrials(twins);
    for (const graded of await runTrials(trials, running)) {
      t.is(graded.killed, 'survived', JSON.stringify(graded));
      t.is(graded.verdict, 'pass', JSON.stringify(graded));
      t.is(meaning(graded), 'pass');
    }
    // One that runs out of states has not survived.
    const hurried = { ...running, budget: { ...running.budget, states: 10 } };
    for (const graded of await runTrials(trials, hurried)) {
      t.is(graded.verdict, 'incomplete', JSON.stringify(graded));
      t.is(meaning(graded), 'incomplete');
    }
    // The same without the control: each falls, and a control that fell would be told.
    const checked = trials.map(({ without: _, ...trial }) => trial);
    for (const [index, graded] of (await runTrials(checked, running)).entries()) {
      t.is(graded.killed, 'killed', JSON.stringify(graded));
      t.not(meaning({ ...graded, control: true }), 'pass');
      t.true(trials[index]!.invariants.includes(graded.verdict === 'fail' ? graded.invariant : ''));
    }
  },
);

test.serial('a twin that falls before the first step is unchecked too', async (t) => {
  const common = { scenario: 'async-page-fault', mutant: 'Z-A14', model: 'sc' } as const;
  const checked = await verify(common);
  t.is(checked.verdict === 'fail' ? checked.invariant : checked.verdict, 'A5');
  t.is((await verify({ ...common, without: ['A5'] })).verdict, 'pass');
});
