import '../seed.ts';
import test from 'ava';
import { falls, holds } from './explored.ts';

/** Twins of PV EOI: all of them show in the plainest model. */
const TWINS = [
  'Z-E1',
  'Z-E2',
  'Z-E3',
  'Z-E4',
  'Z-E5',
  'Z-E8',
  'Z-E10',
  'Z-E11',
  'A-E1',
  'Z-E6',
  'Z-E9',
];

for (const id of TWINS) {
  test(`${id} falls to its own invariant under sc`, (t) => falls(t, id, 'sc'));
}

for (const model of ['sc', 'tso', 'weak'] as const) {
  test(`PV EOI holds under ${model} with an exit anywhere in a handler`, (t) => {
    holds(t, 'pv-eoi-storm', model);
    holds(t, 'pv-eoi-unplug', model);
  });
}

test('PV EOI holds where one interrupt comes on top of another', (t) => {
  holds(t, 'pv-eoi-storm', 'sc', 'Z-E2');
});
