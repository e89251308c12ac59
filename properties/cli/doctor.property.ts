import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { run } from '../../src/cli/program.ts';
import { anyColumns } from '../report/results.ts';
import { fakeLibrary, World } from './world.ts';

test('doctor tells cores, access modes and sensitivity, at any width', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(anyColumns, fc.nat({ max: 5_000_000 }), async (columns, sensitivity) => {
        const world = new World({ columns });
        const library = fakeLibrary();
        const diagnosis = { ...(await library.diagnose()), sensitivity };
        await run(['doctor'], world, { ...library, diagnose: async () => diagnosis });
        const text = world.stdout.text.replaceAll(/\s+/g, ' ');
        for (const part of ['2 cores', 'plain', 'atomic', '70M', 'Two vCPUs can run side by side.'])
          t.true(text.includes(part));
        const last = world.stdout.text.trimEnd().split('\n').at(-1)!;
        t.regex(last, sensitivity > 0 ? /^OK: races show here/ : /^BLIND: no race shows here/);
      }),
      { numRuns: 30 },
    ),
  );
});

test('doctor --json carries the diagnosis', async (t) => {
  const world = new World();
  const library = fakeLibrary();
  await run(['doctor', '--json'], world, library);
  const document = JSON.parse(world.stdout.text);
  t.deepEqual(document.diagnosis, await library.diagnose());
  t.deepEqual(
    [document.tool, document.command, document.verdict, world.exitCode],
    ['pvrace', 'doctor', 'pass', 0],
  );
});

test('a doctor that fails is a fault of the tool', async (t) => {
  const world = new World();
  const diagnose = () => Promise.reject(new Error('no threads'));
  await run(['doctor'], world, { ...fakeLibrary(), diagnose });
  t.is(world.exitCode, 3);
  t.regex(world.stderr.text, /^error: no threads\n/);
  t.notRegex(world.stderr.text, /^ +at /m);
});
