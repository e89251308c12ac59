import '../seed.ts';
import { execFileSync } from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import { quoted, stressCommandLine } from '../../src/cli/command-line.ts';
import { run } from '../../src/cli/program.ts';
import { fakeLibrary, World } from './world.ts';

/** The words of a command line, as `sh` makes them. */
function words(line: string): readonly string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

const names = fc.string({
  unit: fc.constantFrom(...'ab \'"$`\\*?;&|<>()~#!-/.'),
  minLength: 1,
  maxLength: 12,
});

test('a shell reads quoted words back as they were', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(names, { minLength: 1 }), (each) => {
        t.deepEqual(words(each.map(quoted).join(' ')), each);
      }),
      { numRuns: 50 },
    ),
  );
});

test('the command that is printed asks for the same race again', async (t) => {
  const options = fc.record(
    {
      scenario: fc.constantFrom('torn-read', 'eoi-storm'),
      guest: names,
      vcpus: fc.integer({ min: 1, max: 8 }),
      seconds: fc.integer({ min: 1, max: 10_000_000 }).map((ms) => ms / 1000),
      access: fc.constantFrom('plain', 'atomic'),
      seed: fc.oneof(names, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)),
    },
    { requiredKeys: ['scenario', 'seconds', 'access', 'seed'] },
  );
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(options, async (asked) => {
        const library = fakeLibrary();
        const [, ...rest] = words(stressCommandLine(asked));
        await run(rest, new World(), library);
        const { signal: _signal, onProgress: _onProgress, ...got } = library.asked[0]!;
        t.deepEqual(got, asked);
      }),
      { numRuns: 50 },
    ),
  );
});
