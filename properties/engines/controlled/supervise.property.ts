import '../../seed.ts';
import test from 'ava';
import { sample } from '../../../src/engines/sample/index.ts';
import { verify } from '../../../src/engines/verify/index.ts';

const scenario = 'pvclock-torn-read';
const spins = new URL(
  `data:text/javascript,${encodeURIComponent('export function readClock() { for (;;); }')}`,
);

for (const [name, engine] of Object.entries({ verify, sample })) {
  test.serial(
    `${name}: a worker that cannot stop by itself is ended, and the run is incomplete`,
    async (t) => {
      const stop = new AbortController();
      // Long before the program would count as hung: it is in the middle of a call.
      const result = await engine({
        scenario,
        guest: spins,
        signal: stop.signal,
        onProgress: ({ elapsed }) => {
          if (elapsed > 0.3) stop.abort();
        },
      });
      t.is(result.verdict, 'incomplete', JSON.stringify(result));
      t.regex(result.verdict === 'incomplete' ? result.message : '', /worker was ended/);
    },
  );

  test.serial(`${name}: a run that is stopped before it begins is incomplete`, async (t) => {
    const result = await engine({ scenario, signal: AbortSignal.abort() });
    t.is(result.verdict, 'incomplete', JSON.stringify(result));
  });
}

/** Six threads that add to six words, each in an order of its own: more interleavings than anybody waits for. */
const large = new URL(
  `data:text/javascript,${encodeURIComponent(`
    const add = (vcpu) => (t) => ({ step() {
      for (let at = 0; at < 6; at++) t.cpu.lockXchg32(0x10000 + 64 * ((at + vcpu) % 6), vcpu * 8 + at);
      t.outcome(0);
    } });
    export default {
      name: 'large', vcpus: 6,
      invariants: [{ id: 'NONE', sentence: 'Nothing is broken.' }],
      outcomes: [{ outcome: 'added', expect: 'ACCEPTABLE', description: 'It added.' }],
      threads: [0, 1, 2, 3, 4, 5].map((vcpu) => ({ name: 'v' + vcpu, vcpu, start: add(vcpu) })),
    };`)}`,
);

test.serial('an exploration that is stopped says what it has', async (t) => {
  const stop = new AbortController();
  const result = await verify({
    scenario: large,
    model: 'sc',
    signal: stop.signal,
    onProgress: ({ states }) => {
      if (states > 0) stop.abort();
    },
  });
  t.is(result.verdict, 'incomplete', JSON.stringify(result));
  t.true((result.states ?? 0) > 0);
});
