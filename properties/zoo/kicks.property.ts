import '../seed.ts';
import test from 'ava';
import { exploreTwin, falls, holds } from './explored.ts';

/** Twins of requests, kicks, spinlocks and shared pages, and the cheapest model that shows each. */
const TWINS = {
  'Z-R1': 'tso',
  'Z-R2': 'sc',
  'Z-R3': 'sc',
  'Z-K1': 'sc',
  'Z-K2': 'sc',
  'Z-K3': 'tso',
  'Z-K4': 'sc',
  'A-G3': 'sc',
} as const;

for (const [id, model] of Object.entries(TWINS)) {
  test(`${id} falls to its own invariant under ${model}`, (t) => falls(t, id, model));
}

test('Z-R1 and Z-K3 are none where stores are seen at once', (t) => {
  for (const id of ['Z-R1', 'Z-K3']) t.is(exploreTwin(id, 'sc').kind, 'all', id);
});

for (const name of ['request-kick', 'kick-before-halt', 'pv-spinlock', 'halt-poll'] as const) {
  test(`the reference of ${name} holds`, (t) => {
    for (const model of ['sc', 'tso'] as const) holds(t, name, model);
  });
}

test('the references of pv-spinlock-handover and map-gpa-range hold', (t) => {
  holds(t, 'pv-spinlock-handover', 'tso');
  holds(t, 'map-gpa-range', 'sc');
});
