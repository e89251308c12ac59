import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { run } from '../../src/cli/program.ts';
import { width } from '../../src/report/text.ts';
import { INVARIANTS } from '../../src/scenarios/invariants.ts';
import { anyColumns } from '../report/results.ts';
import { fakeLibrary, MUTANTS, SCENARIOS, World } from './world.ts';

test('list --json is the catalogue of the contract', async (t) => {
  const world = new World();
  await run(['list', '--json'], world, fakeLibrary());
  const document = JSON.parse(world.stdout.text);
  t.deepEqual(Object.keys(document), ['scenarios', 'mutants', 'invariants']);
  t.deepEqual(Object.keys(document.scenarios[0]), [
    'name',
    'summary',
    'mechanism',
    'roles',
    'invariants',
    'mutants',
    'engines',
  ]);
  t.deepEqual(Object.keys(document.scenarios[0].roles[0]), ['name', 'signature', 'doc']);
  t.deepEqual(document.scenarios[0].mutants, ['Z-P1', 'Z-P6']);
  t.deepEqual(document.scenarios[0].engines, ['stress', 'sample', 'verify']);
  t.deepEqual(document.mutants, MUTANTS);
  t.deepEqual(document.invariants, INVARIANTS);
  t.is(world.stderr.text, '');
  t.is(world.exitCode, 0);
});

test('list names everything that can be run, at any width', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(anyColumns, async (columns) => {
        const world = new World({ columns });
        await run(['list', '--html', 'list.html'], world, fakeLibrary());
        const lines = world.stdout.text.split('\n');
        t.true(lines.slice(3).every((line) => width(line) <= Math.max(columns, 40)));
        for (const { name } of SCENARIOS) t.true(world.stdout.text.includes(name));
        t.regex(
          world.files.get('list.html')!,
          /Scenarios \(pvrace stress NAME\)\n {2}torn-read\n {4}A host/,
        );
        for (const { id } of MUTANTS) t.true(world.files.get('list.html')!.includes(id));
      }),
      { numRuns: 20 },
    ),
  );
});
