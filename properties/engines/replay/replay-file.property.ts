import '../../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { formatReplay, parseReplay, type Replay } from '../../../src/engines/replay/replay-file.ts';

const word = fc.stringMatching(/^[\w./-]{1,20}$/);
const moves = fc.array(fc.record({ actor: fc.nat(30), alternative: fc.nat(255) }), {
  minLength: 1,
  maxLength: 30,
});

const replays: fc.Arbitrary<Replay> = fc
  .record(
    {
      version: word,
      engine: word,
      scenario: word,
      mutant: word,
      guest: word,
      model: fc.constantFrom('sc', 'tso', 'weak'),
      vcpus: fc.nat(64),
      steps: fc.nat(9),
      invariant: word,
      moves,
    },
    { requiredKeys: ['version', 'engine', 'scenario', 'model', 'invariant', 'moves'] },
  )
  .map((replay) => ({ ...replay, notes: replay.moves.map(({ actor }) => `thread ${actor}`) }));

test('what is written is what is read', (t) => {
  fc.assert(
    fc.property(replays, (replay) => {
      t.deepEqual(parseReplay(formatReplay(replay)), replay);
    }),
  );
});

test('a file that was cut off is refused, with the line', (t) => {
  fc.assert(
    fc.property(replays, fc.double({ min: 0, max: 1, noNaN: true }), (replay, part) => {
      const text = formatReplay(replay);
      const cut = text.slice(0, Math.floor(part * (text.length - 2)));
      t.throws(() => parseReplay(cut), {
        message: /^Expected .* in line \d+ of the replay file, got /,
      });
    }),
  );
});

test('a file of another format is refused', (t) => {
  for (const text of [
    '',
    'pvrace-replay 2\n',
    '{"json": true}',
    'pvrace-replay 1\ncolour: red\n',
  ]) {
    t.throws(() => parseReplay(text), { message: /^Expected / });
  }
});
