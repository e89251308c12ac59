import '../seed.ts';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

/** What is published, as the `bin` of package.json names it, and as `npx pvrace` runs it. */
const command = fileURLToPath(
  new URL(import.meta.resolve('pvrace').replace(/index\.js$/, 'cli/pvrace.js')),
);
const example = (name: string) =>
  fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));

interface Printed {
  readonly verdict: string;
  readonly results: readonly { invariant: string | null; message: string; states: number }[];
}

function pvrace(t: ExecutionContext, exitCode: number, ...words: string[]): Promise<Printed> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...words, '--json'], (error, stdout) => {
      t.is(error?.code ?? 0, exitCode, words.join(' '));
      resolve(JSON.parse(stdout) as Printed);
    });
  });
}

test.serial('the bundled command explores in its bundled worker', async (t) => {
  const broken = await pvrace(t, 1, 'verify', 'pvclock-torn-read', '--mutant', 'Z-P6');
  t.like(broken, { verdict: 'fail', results: [{ invariant: 'P1' }] });
  t.true(broken.results[0]!.states > 0);
});

test.serial('it races, with the example guests in place of the reference', async (t) => {
  const race = ['stress', 'pvclock-torn-read', '--time', '20s', '--guest'];
  t.like(await pvrace(t, 1, ...race, example('clock-broken.mjs')), { verdict: 'fail' });
});

test.serial('a scenario that imports the library runs beside it in the worker', async (t) => {
  const peterson = ['verify', '--scenario', example('peterson.mjs'), '--model'];
  t.like(await pvrace(t, 0, ...peterson, 'sc'), { verdict: 'pass' });
  t.like(await pvrace(t, 1, ...peterson, 'tso'), {
    verdict: 'fail',
    results: [{ invariant: 'X1' }],
  });
});
