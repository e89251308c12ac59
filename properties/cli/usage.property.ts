import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { run } from '../../src/cli/program.ts';
import { UsageError } from '../../src/engines/usage-error.ts';
import { fakeLibrary, World } from './world.ts';

/** A command line that cannot run, and what its message must name. */
type Mistake = readonly [words: readonly string[], named: RegExp];

const MISTAKES: readonly Mistake[] = [
  [[], /Usage: pvrace/],
  [['stres'], /unknown command 'stres'[\s\S]*Did you mean stress/],
  [['zoo', 'Z-P66'], /Z-P66[\s\S]*Z-P6/],
  [['zoo', '--engine', 'fuzz'], /--engine[\s\S]*'fuzz'[\s\S]*stress, sample, verify/],
  [['zoo', '--model', 'x86'], /--model[\s\S]*'x86'[\s\S]*sc, tso, weak/],
  [['list', 'extra'], /too many arguments/],
  [['stress', '--tiem', '3s'], /unknown option '--tiem'[\s\S]*--time/],
  [['stress', '--time'], /--time[\s\S]*argument missing/],
  [['stress', '--time', 'banana'], /--time[\s\S]*'banana'[\s\S]*10s/],
  [['stress', '--time', '0'], /--time[\s\S]*'0'/],
  [['stress', '--time', '-1s'], /--time[\s\S]*'-1s'/],
  [['stress', '--vcpus', '0'], /--vcpus[\s\S]*'0'[\s\S]*1 to 64/],
  [['stress', '--vcpus', '1000'], /--vcpus[\s\S]*'1000'[\s\S]*1 to 64/],
  [['stress', '--vcpus', '2.5'], /--vcpus[\s\S]*'2\.5'/],
  [['stress', '--access', 'fast'], /--access[\s\S]*'fast'[\s\S]*atomic, plain/],
  [['stress', 'torn-raed'], /torn-raed[\s\S]*torn-read/],
  [['stress', '--mutant', 'Z-P66'], /Z-P66[\s\S]*Z-P6/],
  [['stress', '--mutant', 'Z-P6', 'eoi-storm'], /Z-P6 shows in torn-read/],
  [['stress', '--html', 'locked.html'], /--html[\s\S]*locked\.html[\s\S]*EACCES/],
  [['stress', '--save', 'locked.html'], /--save[\s\S]*locked\.html[\s\S]*EACCES/],
  [['verify', '--save', 'locked.html'], /--save[\s\S]*locked\.html[\s\S]*EACCES/],
  [['list', '--html', 'locked.html'], /--html[\s\S]*locked\.html[\s\S]*EACCES/],
];

test('a wrong command line is told what was wrong, on stderr, with exit code 2', async (t) => {
  const placed = fc.tuple(
    fc.constantFrom(...MISTAKES),
    fc.subarray(['--json', '--quiet', '--no-color']),
  );
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(placed, async ([[words, named], options]) => {
        const world = new World({ locked: ['locked.html'] });
        const library = fakeLibrary();
        await run(
          [...words, ...(words.length > 0 && words.at(-1) !== '--time' ? options : [])],
          world,
          library,
        );
        t.is(world.exitCode, 2);
        t.regex(world.stderr.text, named);
        t.notRegex(world.stderr.text, /^ +at /m);
        t.is(world.stdout.text, '');
        t.is(library.asked.length, 0);
      }),
    ),
  );
});

test('no option value can make the tool throw or speak in escape codes', async (t) => {
  const words = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('stress', 'list', '--time', '--vcpus', '--seed'),
    ),
    {
      maxLength: 5,
    },
  );
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(words, async (each) => {
        const world = new World();
        await run(each, world, fakeLibrary());
        t.true([0, 2].includes(world.exitCode));
      }),
    ),
  );
});

test('what the library refuses is a usage error too', async (t) => {
  const library = fakeLibrary(() => {
    throw new UsageError('Expected something else.');
  });
  const world = new World();
  await run(['stress', 'torn-read', '--quiet'], world, library);
  t.is(world.exitCode, 2);
  t.is(world.stderr.text, 'error: Expected something else.\n');
  t.is(world.listeners, 0);
});

test('help and version are no errors', async (t) => {
  for (const words of [
    ['--help'],
    ['--version'],
    ['help', 'stress'],
    ['stress', '--help'],
    ['tour', '--help'],
  ]) {
    const world = new World();
    await run(words, world, fakeLibrary());
    t.is(world.exitCode, 0, words.join(' '));
    t.not(world.stdout.text, '');
    t.is(world.stderr.text, '');
  }
});

test('only the commands that exist are shown', async (t) => {
  const world = new World();
  await run(['--help'], world, fakeLibrary());
  const shown = [...world.stdout.text.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  t.deepEqual(shown, [
    'tour',
    'list',
    'doctor',
    'stress',
    'sample',
    'verify',
    'replay',
    'zoo',
    'bench',
    'conform',
    'help',
  ]);
});
