import '../seed.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { run } from '../../src/cli/program.ts';
import { packageVersion } from '../../src/cli/version.ts';
import { formatReplay } from '../../src/engines/replay/replay-file.ts';
import type { ScenarioResult } from '../../src/engines/result.ts';
import { broke, fakeLibrary, passed, stopped, World } from './world.ts';

const TEXT = formatReplay({
  version: packageVersion(),
  engine: 'verify',
  scenario: 'torn-read',
  model: 'tso',
  invariant: 'P1',
  moves: [
    { actor: 0, alternative: 0 },
    { actor: 1, alternative: 0 },
  ],
  expected: [{ action: 'store', place: 'pvclock[0].version' }, { action: 'exit' }],
  notes: ['vcpu0: a store', ''],
});

/** Replays a file of this text; the engine comes to `result`. */
async function replayed(
  text: string,
  result: ScenarioResult,
  words: readonly string[] = [],
  during: (world: World, signal: AbortSignal) => void = () => {},
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'pvrace-'));
  try {
    const file = join(folder, 'failure.replay');
    await writeFile(file, text);
    const world = new World();
    const library = {
      ...fakeLibrary(),
      async replay(_text: string, signal?: AbortSignal) {
        during(world, signal!);
        return result;
      },
    };
    await run(['replay', file, ...words], world, library);
    return world;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const options = { scenario: 'torn-read' };

test('a file that is none, or not all of one, is a usage error that says where', async (t) => {
  for (const text of ['', TEXT.slice(0, TEXT.length / 2), TEXT.replace('replay 1', 'replay 2')]) {
    const world = await replayed(text, passed(options));
    t.is(world.exitCode, 2);
    t.is(world.stdout.text, '');
    t.regex(world.stderr.text, /^error: Expected .* in line \d+ of the replay file, got /);
    t.notRegex(world.stderr.text, /^ +at /m);
  }
  const world = new World();
  await run(['replay', '/no/such/file'], world, fakeLibrary());
  t.is(world.exitCode, 2);
  t.regex(world.stderr.text, /Expected a replay file, got \/no\/such\/file/);
});

test('what it comes to is the exit code', async (t) => {
  for (const [result, code] of [
    [passed(options), 0],
    [broke(options, 'P1'), 1],
    [stopped(options), 3],
  ] as const) {
    const world = await replayed(TEXT, result, ['--json']);
    t.is(world.exitCode, code);
    t.is(JSON.parse(world.stdout.text).results[0].verdict, result.verdict);
  }
});

test('a file of another version is followed, and who reads the result is told', async (t) => {
  const same = await replayed(TEXT, passed(options));
  t.notRegex(same.stdout.text, /was written by/);
  const other = await replayed(TEXT.replace(/version: .*/, 'version: 0.0.1'), passed(options));
  t.regex(other.stdout.text, /was written by pvrace 0\.0\.1/);
  t.is(other.exitCode, 0);
});

test('Ctrl-C reaches the engine', async (t) => {
  const world = await replayed(TEXT, stopped(options), [], (world, signal) => {
    world.interrupt();
    t.true(signal.aborted);
  });
  t.is(world.exitCode, 3);
  t.is(world.listeners, 0);
});
