import '../seed.ts';
import test from 'ava';
import { falls, holds } from './explored.ts';

/** Twins of areas that were given up, by the instance that shows them. */
const TWINS = ['Z-S8', 'Z-L1', 'Z-L2', 'Z-L3'];

for (const id of TWINS) {
  test(`${id} falls to its own invariant under sc`, (t) => falls(t, id, 'sc'));
}

for (const model of ['sc', 'tso', 'weak'] as const) {
  test(`a vCPU that goes offline is left alone under ${model}`, (t) => {
    holds(t, 'hotplug-disable', model);
    holds(t, 'hotplug-disable', model, 'Z-L3');
  });
}
