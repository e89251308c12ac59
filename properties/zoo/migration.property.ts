import '../seed.ts';
import test from 'ava';
import { falls, holds } from './explored.ts';

/** Twins of live migration: all of them show in the plainest model. */
const TWINS = [
  'Z-C5',
  'Z-C6',
  'Z-C7',
  'Z-C8',
  'Z-C9',
  'Z-P19',
  'Z-P23',
  'A-G1',
  'A-G2',
  'Z-A1',
  'Z-A16',
  'Z-A19',
];

for (const id of TWINS) {
  test(`${id} falls to its own invariant under sc`, (t) => falls(t, id, 'sc'));
}

for (const model of ['sc', 'tso', 'weak'] as const) {
  test(`what a vCPU has is as it was on the host before, under ${model}`, (t) => {
    holds(t, 'live-migration', model);
    holds(t, 'live-migration', model, 'A-G2');
  });
}

test('a VMM with a thread of its own moves nobody who has not allowed it, and nobody runs before the clock is set', (t) => {
  holds(t, 'live-migration', 'sc', 'A-G1');
  holds(t, 'live-migration', 'sc', 'Z-C5');
});

test('a task that sleeps when its VM is moved, or its vCPU restored, is woken', (t) => {
  holds(t, 'async-page-fault-migration', 'sc');
  holds(t, 'async-page-fault-migration', 'sc', 'Z-A16');
});
