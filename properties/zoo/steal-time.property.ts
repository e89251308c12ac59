import '../seed.ts';
import test from 'ava';
import { exploreTwin, falls, holds } from './explored.ts';

/** Twins of steal time and of what follows from it, and the cheapest model that shows each. */
const TWINS = {
  'Z-S1': 'sc',
  'Z-S2': 'sc',
  'Z-S3': 'sc',
  'Z-S4': 'sc',
  'Z-S5': 'sc',
  'Z-S6': 'sc',
  'Z-S7': 'sc',
  'Z-S9': 'sc',
  'Z-S10': 'sc',
  'Z-S11': 'sc',
  'Z-S12': 'sc',
  'Z-S14': 'weak',
  'Z-S15': 'sc',
  'Z-S16': 'sc',
} as const;

for (const [id, model] of Object.entries(TWINS)) {
  test(`${id} falls to its own invariant under ${model}`, (t) => falls(t, id, model));
}

test('Z-S14 is none where stores become visible in program order', (t) => {
  for (const model of ['sc', 'tso'] as const) t.is(exploreTwin('Z-S14', model).kind, 'all', model);
});

for (const name of [
  'steal-time-remote-read',
  'preempted-flag',
  'memslot-move',
  'pv-tlb-flush',
] as const) {
  test(`the reference of ${name} holds`, (t) => {
    for (const model of ['sc', 'tso'] as const) holds(t, name, model);
    if (name !== 'pv-tlb-flush') holds(t, name, 'weak');
  });
}
