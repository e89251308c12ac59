import '../seed.ts';
import test from 'ava';
import { falls, holds } from './explored.ts';

/** Twins of asynchronous page faults, of which one task or two at a time wait. */
const TWINS = [
  'Z-A2',
  'Z-A3',
  'Z-A5',
  'Z-A6',
  'Z-A7',
  'Z-A8',
  'Z-A9',
  'Z-A10',
  'Z-A11',
  'Z-A12',
  'Z-A13',
  'Z-A14',
  'Z-A15',
  'Z-A17',
  'Z-A18',
];

for (const id of TWINS) {
  test(`${id} falls to its own invariant under sc`, (t) => falls(t, id, 'sc'));
}

test('the reference of async-page-fault holds, and on the instances of its twins', (t) => {
  holds(t, 'async-page-fault', 'sc');
  for (const twin of ['Z-A2', 'Z-A10', 'Z-A17', 'Z-A18']) holds(t, 'async-page-fault', 'sc', twin);
});

test('a wake-up before its sleep is none too few, whatever the memory model', (t) => {
  for (const model of ['sc', 'tso'] as const) holds(t, 'async-page-fault-wake-before-wait', model);
});
