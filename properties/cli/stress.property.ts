import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { run } from '../../src/cli/program.ts';
import { parseReplay } from '../../src/engines/replay/replay-file.ts';
import type { ScenarioResult } from '../../src/engines/result.ts';
import type { StressOptions } from '../../src/engines/stress/options.ts';
import { hasEscapes } from '../report/results.ts';
import { broke, failed, fakeLibrary, passed, SCENARIOS, stopped, World } from './world.ts';

const ENDS: Readonly<Record<string, (options: StressOptions) => ScenarioResult>> = {
  pass: passed,
  fail: (options) => broke(options, 'P1'),
  incomplete: stopped,
  error: (options) => failed(options, 'GUEST_THREW'),
};
const names = SCENARIOS.map(({ name }) => name);
const ends = fc.array(fc.constantFrom(...Object.keys(ENDS)), {
  minLength: names.length,
  maxLength: names.length,
});

test('with --json stdout is one document, whatever the races come to', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(ends, fc.boolean(), async (each, quiet) => {
        const world = new World();
        const library = fakeLibrary((options) =>
          ENDS[each[names.indexOf(String(options.scenario))]!]!(options),
        );
        await run(['stress', '--json', ...(quiet ? ['--quiet'] : [])], world, library);
        const document = JSON.parse(world.stdout.text);
        t.deepEqual(
          document.results.map(({ verdict }: ScenarioResult) => verdict),
          each,
        );
        t.is(
          world.exitCode,
          each.includes('fail') ? 1 : each.every((end) => end === 'pass') ? 0 : 3,
        );
        t.true(
          world.stderr.text
            .trimEnd()
            .split('\n')
            .at(-1)!
            .startsWith(document.verdict.toUpperCase()),
        );
      }),
    ),
  );
});

test('escape codes go to terminals that want them, and nowhere else', async (t) => {
  const settings = fc.record({
    tty: fc.boolean(),
    env: fc.constantFrom({}, { NO_COLOR: '1' }, { NO_COLOR: '' }, { TERM: 'dumb' }),
    plainly: fc.boolean(),
  });
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(settings, async ({ tty, env, plainly }) => {
        const world = new World({ tty, env, columns: 80 });
        await run(
          ['stress', 'torn-read', ...(plainly ? ['--no-color'] : [])],
          world,
          fakeLibrary(showingProgress),
        );
        const wanted =
          tty && !plainly && !('TERM' in env) && !('NO_COLOR' in env && env.NO_COLOR !== '');
        t.is(hasEscapes(world.stdout.text), wanted);
        t.is(hasEscapes(world.stderr.text), wanted);
      }),
    ),
  );
});

test('on a terminal the bar makes room for the result', async (t) => {
  const world = new World({ tty: true, columns: 100, oneStream: true });
  await run(['stress', 'torn-read'], world, fakeLibrary(showingProgress));
  const [before = '', after = ''] = world.stdout.text.split('FAIL');
  const bar = before.indexOf('[1/1] torn-read: 5 operations');
  t.true(bar >= 0 && before.lastIndexOf('\u001b[2K') > bar);
  t.notRegex(after, /\[1\/1\]/);
});

function showingProgress(options: StressOptions): ScenarioResult {
  passingProgress(options);
  return broke(options, 'P1');
}

function passingProgress(options: StressOptions): ScenarioResult {
  options.onProgress?.({
    scenario: String(options.scenario),
    phase: 'racing',
    elapsed: 1,
    total: 2,
    operations: 5,
  });
  return passed(options);
}

test('Ctrl-C ends the race that is on, and those to come are not run', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.nat({ max: names.length - 1 }), fc.boolean(), async (last, politely) => {
        const world = new World();
        const library = fakeLibrary((options) => {
          if (options.scenario !== names[last]) return passed(options);
          world.interrupt();
          t.true(options.signal!.aborted);
          return politely ? stopped(options) : passed(options);
        });
        await run(['stress', '--json'], world, library);
        const { results } = JSON.parse(world.stdout.text);
        t.is(library.asked.length, last + 1);
        t.deepEqual(
          results.map(({ verdict }: ScenarioResult) => verdict),
          names.map((_, index) => (index < last ? 'pass' : 'incomplete')),
        );
        t.is(world.exitCode, 3);
        t.is(world.listeners, 0);
      }),
    ),
  );
});

test('a harness that throws is a result, and the other races are run', async (t) => {
  const world = new World();
  const library = fakeLibrary((options) => {
    if (options.scenario === names[0]) throw new Error('the pool is gone');
    return passed(options);
  });
  await run(['stress', '--json'], world, library);
  const { results, verdict } = JSON.parse(world.stdout.text);
  t.is(results[0].code, 'HARNESS');
  t.regex(results[0].message, /the pool is gone/);
  t.deepEqual([verdict, library.asked.length, world.exitCode], ['error', names.length, 3]);
});

test('a guest that cannot be loaded is tried once, and is a usage error', async (t) => {
  const world = new World();
  const library = fakeLibrary((options) => failed(options, 'GUEST_LOAD'));
  await run(['stress', '--guest', 'mine.js'], world, library);
  t.deepEqual([library.asked.length, library.asked[0]!.guest, world.exitCode], [1, 'mine.js', 2]);
});

test('a failure is printed with the command that shows it again, and the JSON carries it', async (t) => {
  const words = ['stress', '--mutant', 'Z-P6', '--time', '500ms', '--seed', '18446744073709551615'];
  const again =
    'pvrace stress torn-read --mutant Z-P6 --time 500ms --access plain --seed 18446744073709551615';
  const [people, machines] = [new World(), new World()];
  const library = fakeLibrary((options) => broke(options, 'P1'));
  await run(words, people, library);
  await run([...words, '--json'], machines, library);
  t.true(people.stdout.text.includes(again));
  const document = JSON.parse(machines.stdout.text);
  t.is(document.results[0].replay, again);
  t.is(document.seed, '18446744073709551615');
});

test('the schedule that is found for a failure is shown, saved, and named; without one it is said why', async (t) => {
  const search = { seconds: 0.5, message: 'No schedule of it was found: too small.' };
  const schedule = [
    { actor: 'vcpu0', alternative: 0, action: 'load', place: 'pvclock[0].version' },
  ] as const;
  const found = { engine: 'sample', model: 'sc', seconds: 0.5, message: 'One was found:' } as const;
  const moves = [{ actor: 0, alternative: 0 }];
  const broken = (options: StressOptions): ScenarioResult => broke(options, 'P1');
  const without = new World();
  await run(
    ['stress', 'torn-read', '--save', 'f'],
    without,
    fakeLibrary(broken, (each) => ({ ...each, search })),
  );
  t.true(without.stdout.text.includes(search.message));
  t.regex(without.stdout.text, /pvrace stress torn-read/);
  t.is(without.files.size, 0);
  for (const [words, again] of [
    [['--save', 'f'], 'pvrace replay f'],
    [[], 'pvrace sample torn-read --model sc --seed pvrace'],
  ] as const) {
    const world = new World();
    const library = fakeLibrary(broken, (each) => ({ ...each, schedule, moves, search: found }));
    await run(['stress', 'torn-read', '--json', ...words], world, library);
    const [result] = JSON.parse(world.stdout.text).results;
    t.is(result.replay, again);
    t.deepEqual([result.verdict, result.seconds, result.schedule], ['fail', 1, schedule]);
    t.regex(world.stderr.text, /One was found:[\s\S]*pvclock\[0\]\.version/);
    const text = world.files.get('f');
    t.is(text === undefined, words.length === 0);
    if (text !== undefined) t.deepEqual(parseReplay(text).moves, moves);
  }
});

test('--quiet leaves the last line and what is broken', async (t) => {
  const world = new World();
  await run(['stress', '--quiet'], world, fakeLibrary());
  t.regex(world.stdout.text, /^PASS: 3 scenarios held[^\n]*\n$/);
  t.is(world.stderr.text, '');
  const terminal = new World({ tty: true, oneStream: true });
  await run(['stress', 'eoi-storm', '--quiet'], terminal, fakeLibrary(passingProgress));
  t.notRegex(terminal.stdout.text, /\[1\/1\]/);
  const other = new World();
  await run(
    ['stress', '--quiet'],
    other,
    fakeLibrary((options) => broke(options, 'P1')),
  );
  t.regex(other.stdout.text, /It read 7\./);
});

test('a twin that real threads cannot show is announced as such', async (t) => {
  const world = new World();
  await run(['stress', '--mutant', 'Z-P1'], world, fakeLibrary());
  t.regex(world.stdout.text, /real threads do not show Z-P1: x86 does not reorder loads/);
});

test('--html writes the same to a file, and leaves the words as they are', async (t) => {
  const [without, withFile] = [new World(), new World()];
  await run(['stress', 'torn-read'], without, fakeLibrary());
  await run(['--html', 'report.html', 'stress', 'torn-read'], withFile, fakeLibrary());
  t.is(withFile.stdout.text, without.stdout.text);
  t.regex(withFile.files.get('report.html')!, /<!doctype html>[\s\S]*torn-read/);
});
