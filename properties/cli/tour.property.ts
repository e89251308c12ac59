import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { run } from '../../src/cli/program.ts';
import { headlineTwins } from '../../src/cli/tour.ts';
import type { ScenarioResult } from '../../src/engines/result.ts';
import type { StressOptions } from '../../src/engines/stress/options.ts';
import { broke, failed, fakeLibrary, MUTANTS, passed, SCENARIOS, stopped, World } from './world.ts';

const REFERENCES: Readonly<Record<string, (options: StressOptions) => ScenarioResult>> = {
  pass: passed,
  fail: (options) => broke(options, 'P1'),
  incomplete: stopped,
};
/** What becomes of a twin; only `own` is a catch. */
const TWINS: Readonly<Record<string, (options: StressOptions) => ScenarioResult>> = {
  own: (options) => broke(options, MUTANTS.find(({ id }) => id === options.mutant)!.invariants[0]!),
  other: (options) => broke(options, 'W1'),
  pass: passed,
  error: (options) => failed(options, 'GUEST_THREW'),
};

function libraryOf(references: readonly string[], twins: readonly string[]) {
  const caught = headlineTwins({ scenarios: SCENARIOS, mutants: MUTANTS }).map(({ id }) => id);
  return fakeLibrary((options) => {
    if (options.mutant !== undefined)
      return TWINS[twins[caught.indexOf(options.mutant)]!]!(options);
    return REFERENCES[references[SCENARIOS.findIndex(({ name }) => name === options.scenario)]!]!(
      options,
    );
  });
}

const references = fc.array(fc.constantFrom('pass', 'pass', 'fail', 'incomplete'), {
  minLength: 3,
  maxLength: 3,
});
const twins = fc.array(fc.constantFrom('own', 'own', 'other', 'pass', 'error'), {
  minLength: 2,
  maxLength: 2,
});

test('the tour passes only if every reference holds and every twin falls to its own invariant', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(references, twins, async (held, fell) => {
        const world = new World();
        await run(['tour', '--json'], world, libraryOf(held, fell));
        const clean = held.every((end) => end === 'pass') && fell.every((end) => end === 'own');
        t.is(world.exitCode, held.includes('fail') ? 1 : clean ? 0 : 3);
        const { results } = JSON.parse(world.stdout.text);
        t.deepEqual(
          results.slice(SCENARIOS.length).map(({ killed }: { killed: string }) => killed),
          fell.map((end) => (end === 'own' ? 'killed' : 'survived')),
        );
      }),
    ),
  );
});

test('the tour races every reference, and for each scenario one twin that threads can show', async (t) => {
  const library = libraryOf(['pass', 'pass', 'pass'], ['own', 'own']);
  await run(['tour'], new World(), library);
  t.deepEqual(
    library.asked.map(({ scenario, mutant }) => [scenario, mutant]),
    [
      ['torn-read', undefined],
      ['eoi-storm', undefined],
      ['store-buffering', undefined],
      ['torn-read', 'Z-P6'],
      ['eoi-storm', 'Z-E1'],
    ],
  );
});

test('the tour tells what it caught, and how sure it is', async (t) => {
  const world = new World();
  await run(['tour'], world, libraryOf(['pass', 'pass', 'pass'], ['own', 'own']));
  const text = world.stdout.text;
  t.regex(text, /CAUGHT +torn-read with Z-P6 broke P1/);
  t.regex(text, /RESULT +SAMPLES +FREQ/);
  t.regex(text, /Race sensitivity: 1K canary collisions per second/);
  t.regex(text, /\nPASS: 3 scenarios held over 300 operations, 2 broken twins caught\n$/);
});

test('a twin that falls to the invariant of another says so', async (t) => {
  const world = new World();
  await run(['tour'], world, libraryOf(['pass', 'pass', 'pass'], ['other', 'own']));
  t.regex(
    world.stdout.text.replaceAll(/\s+/g, ' '),
    /SURVIVED torn-read with Z-P6 broke W1, which is none of its own/,
  );
  t.regex(world.stdout.text, /\nINCOMPLETE: torn-read with Z-P6 not caught\n$/);
});
