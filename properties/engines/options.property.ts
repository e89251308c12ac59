import test from 'ava';
import { replay } from '../../src/engines/replay/index.ts';
import { sample } from '../../src/engines/sample/index.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { verify } from '../../src/engines/verify/index.ts';

test.after.always(() => closePools());

/** Options that would be ignored, or taken for something else, were they not looked at. */
const WRONG: readonly [Readonly<Record<string, unknown>>, RegExp][] = [
  [{}, /options\.scenario as the name of a scenario.*, got none/],
  [{ scenario: '' }, /options\.scenario .*, got ""/],
  [{ scenario: 'request-kick', model: 'TSO' }, /options\.model as 'sc', 'tso', 'weak', got "TSO"/],
  [{ scenario: 'request-kick', mutnat: 'Z-R1' }, /options\.mutnat\. Did you mean mutant\?/],
  [
    { scenario: 'request-kick', runs: Number.NaN },
    /options\.runs as a whole number from 1 up, got NaN/,
  ],
  [{ scenario: 'request-kick', strategy: 'x' }, /options\.strategy as 'blocks', 'pct', got "x"/],
  [{ scenario: 'request-kick', access: 'x' }, /options\.access as 'plain', 'atomic', got "x"/],
  [{ scenario: 'request-kick', operations: 0 }, /options\.operations as .*, got 0/],
  [{ scenario: 'request-kick', seconds: -1 }, /options\.seconds as .* above 0, got -1/],
  [{ scenario: 'request-kick', moves: 'abc' }, /options\.moves as an array .*, got "abc"/],
  [{ scenario: 'request-kick', moves: [{ foo: 1 }] }, /options\.moves as an array/],
  [
    { scenario: 'request-kick', signal: {} },
    /options\.signal as an AbortSignal, got an empty object/,
  ],
];

const ENGINES = { verify, sample, stress, replay } as const;

for (const [engine, run] of Object.entries(ENGINES)) {
  test(`${engine} refuses options that it cannot take, and says what it expected`, async (t) => {
    for (const [options, message] of WRONG)
      await t.throwsAsync(run(options as never), { name: 'UsageError', message });
    await t.throwsAsync(run(undefined as never), { name: 'UsageError' });
  });
}

test('a guest that takes the place of a twin’s mistake is refused, not passed', async (t) => {
  const guest = new URL('../../../examples/clock-correct.mjs', import.meta.url);
  for (const result of [
    await verify({ scenario: 'pvclock-torn-read', mutant: 'Z-P6', guest }),
    await stress({ scenario: 'pvclock-torn-read', mutant: 'Z-P6', guest, seconds: 1 }),
  ]) {
    t.true(result.verdict === 'error' && result.code === 'GUEST_LOAD', JSON.stringify(result));
    t.regex(result.message ?? '', /leaves readClock to Z-P6/);
  }
  // On a twin of the host it is welcome.
  const host = await verify({ scenario: 'pvclock-torn-read', mutant: 'Z-P1', guest });
  t.not(host.verdict, 'error');
});
