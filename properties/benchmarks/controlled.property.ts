import '../seed.ts';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { draw } from '../../benchmarks/controlled/draw.ts';
import { type Effort, QUICK } from '../../benchmarks/controlled/effort.ts';
import { exhaust } from '../../benchmarks/controlled/exhaust.ts';
import { beside, type Figure } from '../../benchmarks/controlled/figure.ts';
import { find } from '../../benchmarks/controlled/find.ts';
import { parsePan } from '../../benchmarks/controlled/pan-output.ts';
import { spin } from '../../benchmarks/controlled/spin.ts';
import { start } from '../../benchmarks/controlled/start.ts';
import { table } from '../../benchmarks/controlled/table.ts';
import { inTemporaryFolder } from '../../benchmarks/controlled/temporary-folder.ts';

/** The smallest of all, and time enough for the slowest machine. */
const TINY: Effort = {
  ...QUICK,
  readers: [1],
  mostSeconds: 60,
  repeatSeconds: 0,
  schedules: 2_000,
  searches: 2,
};

test('the seqlock holds under every model, in every way, and no way has more states than all steps', (t) => {
  const figures = [...exhaust(TINY)];
  t.is(figures.length, 9);
  for (const { ending, model, how } of figures) t.is(ending, 'holds', `${model}, ${how}`);
  for (const model of ['sc', 'tso', 'weak']) {
    const of = (how: string): Figure =>
      figures.find((each) => each.model === model && each.how === how)!;
    t.true(of('reduced').states! <= of('all steps').states!, model);
    t.is(of('all steps').ratioTo, 'reduced');
    t.is(of('reduced').ratio, undefined);
  }
});

test('what does not finish says so, and so does what is larger', (t) => {
  const figures = [...exhaust({ ...TINY, readers: [1, 2], mostStates: 20 })];
  t.is(figures.length, 18);
  for (const { subject, ending, why, ratio } of figures) {
    const [expected, reason] =
      subject === 'seqlock 2x1'
        ? ['unfinished', 'too many states']
        : ['not tried', 'fewer readers did not finish'];
    t.is(ending, expected as Figure['ending'], subject);
    t.is(why, reason, subject);
    t.is(ratio, undefined, subject);
  }
});

test('the broken reader is found, in two context switches, and no schedule is shorter than that of verify', (t) => {
  const figures = [...find(TINY)];
  const shortest = figures.at(-1)!;
  for (const { ending, contextSwitches, steps, how } of figures) {
    t.is(ending, 'broken', how);
    t.is(contextSwitches, 2, how);
    t.true(steps! >= shortest.steps!, how);
  }
});

test('searches that keep going draw every schedule, and only the broken reader breaks', (t) => {
  for (const { subject, model, how, ending, schedules } of draw(TINY)) {
    t.is(ending, subject.startsWith('broken') ? 'broken' : 'holds', `${subject}, ${model}, ${how}`);
    t.is(schedules, TINY.schedules);
  }
});

test('the command finds its bug, beside a Node that does nothing', (t) => {
  const [nothing, command] = [...start(TINY)];
  t.is(nothing?.ending, 'done');
  t.is(command?.ending, 'broken');
  t.is(command?.ratioTo, 'node -e 0');
});

test('SPIN agrees on every seqlock; where it is missing, a line says so', async (t) => {
  const figures: Figure[] = [];
  await spin(TINY, [], (figure) => figures.push(figure));
  if (figures[0]?.ending === 'absent') t.regex(figures[0].why!, /^this machine has no (spin|gcc)$/);
  else {
    t.deepEqual(
      figures.map(({ subject, ending }) => `${subject}: ${ending}`),
      ['process: done', 'broken seqlock 2x1: broken', 'seqlock 2x1: holds', 'seqlock 2x1: holds'],
    );
  }
  const absent: Figure[] = [];
  const tools = { spin: 'no-such-spin', compiler: 'no-such-compiler' };
  await spin(TINY, [], (figure) => absent.push(figure), tools);
  t.deepEqual(absent, [
    { subject: 'seqlock', how: 'SPIN', ending: 'absent', why: 'this machine has no no-such-spin' },
  ]);
});

test("a SPIN verifier's verdict is read: an interrupted search holds nothing", (t) => {
  const figures =
    'State-vector 32 byte, errors: 0\n  115 states, stored\n  194 transitions (= ...)\n';
  t.deepEqual(parsePan(figures), { states: 115, transitions: 194, ending: 'holds' });
  t.is(parsePan(`Warning: Search not completed\n${figures}`)?.ending, 'unfinished');
  t.is(parsePan(figures.replace('errors: 0', 'errors: 1'))?.ending, 'unfinished');
  t.is(parsePan(`pan:1: assertion violated (one==two)\n${figures}`)?.ending, 'broken');
  t.is(parsePan('pan: out of memory'), undefined);
});

test('figures have a row each, with the same columns; unfinished ones no ratio', (t) => {
  const whole: Figure = { subject: 'a', how: 'b', ending: 'holds', seconds: 2, states: 1_000 };
  const part: Figure = { ...whole, ending: 'unfinished', why: 'out of time' };
  const double: Figure = { ...whole, seconds: 4, steps: 5, contextSwitches: 2 };
  t.deepEqual(beside(part, whole), {});
  t.deepEqual(beside(whole, part), {});
  const lines = table([whole, part, { ...double, ...beside(double, whole) }]);
  t.is(lines.length, 4);
  const [head, first, second, third] = lines;
  t.is(first!.indexOf('holds'), head!.indexOf('VERDICT'));
  t.is(first!.indexOf('1,000') + 5, head!.indexOf('STATES') + 6);
  t.true(second!.endsWith('out of time'));
  t.true(third!.endsWith('2.00 x the time of b; 5 steps, 2 context switches'), third);
});

test('a temporary folder is gone when its work is, also when that throws', async (t) => {
  let folder = '';
  const work = inTemporaryFolder(async (made) => {
    folder = made;
    t.true(existsSync(made));
    throw new Error('The work failed.');
  });
  await t.throwsAsync(work, { message: 'The work failed.' });
  t.false(existsSync(folder));
});

test('an option that there is none of ends the benchmark with its usage', (t) => {
  const program = fileURLToPath(new URL('../../benchmarks/controlled/run.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program, '--faster'], {
    encoding: 'utf8',
  });
  t.is(status, 2);
  t.regex(stderr, /--faster[\s\S]*Usage: npm run bench:controlled/);
});
