import '../../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { formatReplay, parseReplay, type Replay } from '../../../src/engines/replay/replay-file.ts';

const word = fc.stringMatching(/^[\w./-]{1,20}$/);
const moves = fc.array(fc.record({ actor: fc.nat(30), alternative: fc.nat(255) }), {
  minLength: 1,
  maxLength: 30,
});

/** What a step does, with a place such as `pv eoi[0]` or `ledger+0x10`. */
const step = fc.record(
  {
    action: fc.constantFrom('load', 'store', 'cmpxchg', 'exit', 'tick'),
    place: fc.stringMatching(/^[\w[\]][\w[\].+ ]{0,20}[\w\]]$/),
  },
  { requiredKeys: ['action'] },
);

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
  .chain((replay) =>
    fc
      .array(fc.option(step, { nil: undefined }), {
        minLength: replay.moves.length,
        maxLength: replay.moves.length,
      })
      .map((expected) => ({
        ...replay,
        expected,
        notes: replay.moves.map(({ actor }) => `thread ${actor}`),
      })),
  );

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

test('a file from a machine with other line ends is the same file', (t) => {
  fc.assert(
    fc.property(replays, (replay) => {
      t.deepEqual(parseReplay(formatReplay(replay).replaceAll('\n', '\r\n')), replay);
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
