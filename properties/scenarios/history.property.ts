import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { createSharedMemory, PlainMemory } from '../../src/memory/shared-memory.ts';
import { HISTORY_BYTES, History } from '../../src/scenarios/history.ts';
import { HistoryReader, READ_OUTCOMES } from '../../src/scenarios/history-reader.ts';
import { Ledger } from '../../src/scenarios/ledger.ts';
import type { HostThread } from '../../src/scenarios/scenario.ts';

/** What a value is made of here: two decimal digits, each written by itself. */
const PARTS = [
  { name: 'tens', of: (value: bigint) => value / 100n },
  { name: 'ones', of: (value: bigint) => value % 100n },
] as const;

/** Publication `number`: no two share a part. */
const published = (number: number): bigint => BigInt(number) * 101n;

interface Judged {
  readonly outcome: string;
  readonly invariant: string | undefined;
  readonly evidence: readonly string[];
}

/** Publishes some, calls, publishes more during the call, and judges what the call returned. */
function judged(
  before: number,
  during: number,
  unfinished: boolean,
  readings: readonly bigint[],
): Judged {
  const memory = new PlainMemory(createSharedMemory(HISTORY_BYTES));
  const history = new History(new Ledger(memory, 0, HISTORY_BYTES), 0);
  let next = 0;
  const publish = (end: boolean): void => {
    history.begin(published(next++));
    if (end) history.end();
  };
  let outcome = '';
  let invariant: string | undefined;
  let evidence: readonly string[] = [];
  const thread = {
    outcome: (place: number) => {
      outcome = READ_OUTCOMES[place]!.outcome;
    },
    violated(broken: string, _message: string, lines: readonly string[]) {
      invariant ??= broken;
      evidence = lines;
      throw new Error(broken);
    },
  };
  const reader = new HistoryReader(thread as unknown as HostThread, {
    histories: [history],
    torn: 'S2',
    parts: PARTS,
  });
  for (let i = 0; i < before; i++) publish(true);
  reader.before();
  for (let i = 0; i < during; i++) publish(i < during - 1 || !unfinished);
  try {
    reader.after(readings);
  } catch (error) {
    if ((error as Error).message !== invariant) throw error;
  }
  return { outcome, invariant, evidence };
}

const counts = fc.record({
  before: fc.integer({ min: 1, max: 20 }),
  during: fc.nat(20),
  unfinished: fc.boolean(),
});

test('whatever was current during the call passes; what was replaced before it breaks F1', (t) => {
  fc.assert(
    fc.property(counts, fc.nat(60), ({ before, during, unfinished }, pick) => {
      const number = pick % (before + during);
      const { outcome, invariant } = judged(before, during, unfinished, [published(number)]);
      if (number < before - 1) return outcome === 'broken' && invariant === 'F1';
      return outcome === (during > 0 ? 'raced' : 'quiet') && invariant === undefined;
    }),
  );
  t.pass();
});

test('a mixture of two publications is torn, and the evidence names both', (t) => {
  fc.assert(
    fc.property(counts, fc.nat(60), fc.nat(60), ({ before, during, unfinished }, one, other) => {
      const all = before + during;
      const [tens, ones] = [one % all, other % all];
      fc.pre(tens !== ones);
      const value = BigInt(tens) * 100n + BigInt(ones);
      const { invariant, evidence } = judged(before, during, unfinished, [value]);
      const torn = `torn: the tens of publication ${tens} of vcpu0 with the ones of publication ${ones} of vcpu0`;
      return invariant === 'S2' && evidence.includes(torn);
    }),
  );
  t.pass();
});

test('what was never published, whole or in parts, breaks F1', (t) => {
  fc.assert(
    fc.property(
      counts,
      fc.integer({ min: 50, max: 99 }),
      ({ before, during, unfinished }, digit) => {
        const constant = BigInt(digit) * 101n;
        return judged(before, during, unfinished, [constant]).invariant === 'F1';
      },
    ),
  );
  t.pass();
});

test('one reading of several that was current is enough', (t) => {
  t.is(judged(3, 0, false, [5n, published(2), 7n]).outcome, 'quiet');
  t.is(judged(3, 0, false, [5n, 7n]).outcome, 'broken');
});

test('more publications than are remembered cannot be judged', (t) => {
  t.is(judged(1, 5_000, false, [published(2)]).outcome, 'unjudged');
  t.is(judged(5_000, 0, false, [published(2)]).invariant, 'F1');
});
