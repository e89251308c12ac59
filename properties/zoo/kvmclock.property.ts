import '../seed.ts';
import test from 'ava';
import { findMutant } from '../../src/zoo/index.ts';
import { exploreTwin, falls, holds } from './explored.ts';

/** Twins of kvmclock, its ioctls and the wall clock, and the cheapest model that shows each. */
const TWINS = {
  'Z-P1': 'sc',
  'Z-P2': 'weak',
  'Z-P3': 'weak',
  'Z-P4': 'tso',
  'Z-P5': 'sc',
  'Z-P6': 'sc',
  'Z-P7': 'sc',
  'Z-P8': 'sc',
  'Z-P9': 'sc',
  'Z-P10': 'sc',
  'Z-P11': 'sc',
  'Z-P12': 'sc',
  'Z-P13': 'sc',
  'Z-P14': 'sc',
  'Z-P15': 'sc',
  'Z-P16': 'sc',
  'Z-P17': 'sc',
  'Z-P18': 'sc',
  'Z-P20': 'sc',
  'Z-P21': 'sc',
  'Z-P22': 'sc',
  'Z-P24': 'sc',
  'Z-P25': 'sc',
  'Z-C1': 'sc',
  'Z-C2': 'sc',
  'Z-C3': 'sc',
  'Z-C4': 'sc',
  'Z-C10': 'sc',
  'Z-W1': 'sc',
  'Z-W2': 'sc',
  'Z-W3': 'sc',
  'Z-W4': 'sc',
  'Z-W5': 'weak',
} as const;

for (const [id, model] of Object.entries(TWINS)) {
  test(`${id} falls to its own invariant under ${model}`, (t) => falls(t, id, model));
}

test('twins without a barrier are none where x86 keeps the order', (t) => {
  for (const id of ['Z-P2', 'Z-P3', 'Z-W5']) {
    for (const model of ['sc', 'tso'] as const) t.is(exploreTwin(id, model).kind, 'all', id);
  }
  t.is(exploreTwin('Z-P4', 'sc').kind, 'all');
});

for (const name of [
  'pvclock-torn-read',
  'pvclock-own-area',
  'clock-monotonic-stable',
  'clock-monotonic-unstable',
  'clock-updates-all',
  'clock-pair-updates',
  'clock-set-while-running',
  'clock-get-while-running',
  'clock-frequency-change',
  'guest-stopped',
  'wall-clock-readers',
] as const) {
  test(`the reference of ${name} holds`, (t) => {
    for (const model of ['sc', 'tso'] as const) holds(t, name, model);
  });
}

/** Those whose instance differs from their scenario's. */
for (const id of ['Z-P9', 'Z-P21', 'Z-C4', 'Z-C10'] as const) {
  test(`the reference on the instance of ${id} holds`, (t) => {
    const { scenario } = findMutant(id);
    for (const model of ['sc', 'tso'] as const) holds(t, scenario, model, id);
  });
}
