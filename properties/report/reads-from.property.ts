import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import type { TraceStep } from '../../src/engines/trace.ts';
import { arrowsOf } from '../../src/report/reads-from.ts';

/** What a thread may do to one of two words, in a machine with store buffers. */
const acts = fc.array(
  fc.record({
    actor: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('load', 'store', 'drain', 'add'),
    word: fc.constantFrom(0, 8),
  }),
  { maxLength: 40 },
);

interface Stored {
  readonly value: number;
  readonly index: number;
}

/** Runs it, every store with a value of its own, and notes who really read what. */
function played(each: readonly { actor: string; what: string; word: number }[]): {
  readonly schedule: readonly TraceStep[];
  readonly read: ReadonlyMap<number, number>;
} {
  const memory = new Map<number, Stored>();
  const buffers: Record<string, (Stored & { readonly word: number })[]> = { a: [], b: [], c: [] };
  const schedule: TraceStep[] = [];
  const read = new Map<number, number>();
  let value = 0;
  for (const { actor, what, word } of each) {
    const index = schedule.length;
    const buffer = buffers[actor]!;
    const access = { actor, alternative: 0, address: word, bytes: 8 };
    const before = `${memory.get(word)?.value ?? 0}`;
    if (what === 'store') {
      buffer.push({ word, value: ++value, index });
      schedule.push({ ...access, action: 'store', before, after: `${value}`, buffered: true });
    } else if (what === 'load') {
      const own = buffer.findLast((one) => one.word === word);
      const from = own ?? memory.get(word);
      if (from !== undefined) read.set(index, from.index);
      schedule.push({ ...access, action: 'load', before, answer: `${from?.value ?? 0}` });
    } else if (what === 'drain' && buffer.length > 0) {
      const oldest = buffer.shift()!;
      memory.set(oldest.word, { value: oldest.value, index });
      read.set(index, oldest.index);
      const drained = { ...access, address: oldest.word, after: `${oldest.value}` };
      schedule.push({ ...drained, action: 'drain' });
    } else if (what === 'add' && buffer.length === 0) {
      const from = memory.get(word);
      if (from !== undefined) read.set(index, from.index);
      memory.set(word, { value: ++value, index });
      schedule.push({ ...access, action: 'add', before, after: `${value}` });
    }
  }
  return { schedule, read };
}

test('each load has an arrow from the store that it read, each drain from the store that it brings', (t) => {
  fc.assert(
    fc.property(acts, (each) => {
      const { schedule, read } = played(each);
      const arrows = new Map(arrowsOf(schedule).map(({ from, to }) => [to, from]));
      t.deepEqual([...arrows].sort(), [...read].sort());
    }),
  );
});

test('an arrow says how: from memory, from the own buffer, stale, or into memory', (t) => {
  const access = { alternative: 0, address: 0, bytes: 4 } as const;
  const kinds = arrowsOf([
    { ...access, actor: 'a', action: 'store', after: '1', buffered: true },
    { ...access, actor: 'a', action: 'load', answer: '1', forwarded: true },
    { ...access, actor: 'a', action: 'drain', after: '1' },
    { ...access, actor: 'b', action: 'load', answer: '1' },
    { ...access, actor: 'b', action: 'store', after: '2' },
    { ...access, actor: 'a', action: 'load', answer: '1', stale: true },
  ]).map(({ from, to, kind }) => [from, to, kind]);
  t.deepEqual(kinds, [
    [0, 1, 'forwards'],
    [0, 2, 'drains'],
    [2, 3, 'reads'],
    [2, 5, 'stale'],
  ]);
});
