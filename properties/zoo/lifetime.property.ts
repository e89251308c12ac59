import '../seed.ts';
import test from 'ava';
import { falls, holds } from './explored.ts';

/** Twins of areas that were given up, and of registers that do not keep their values. */
const TWINS = ['Z-S8', 'Z-L1', 'Z-L2', 'Z-L3', 'Z-E7', 'A-M1', 'A-M2'];

for (const id of TWINS) {
  test(`${id} falls to its own invariant under sc`, (t) => falls(t, id, 'sc'));
}

for (const model of ['sc', 'tso', 'weak'] as const) {
  test(`a vCPU that goes offline is left alone under ${model}`, (t) => {
    holds(t, 'hotplug-disable', model);
    holds(t, 'hotplug-disable', model, 'Z-L3');
  });
}

test('registers keep their values', (t) => {
  for (const model of ['sc', 'tso', 'weak'] as const) holds(t, 'msr-storm', model);
  holds(t, 'msr-storm', 'sc', 'A-M2');
});
