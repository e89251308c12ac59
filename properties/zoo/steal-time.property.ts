import '../seed.ts';
import test from 'ava';
import {
  KVM_STEAL_TIME_PREEMPTED,
  KVM_VCPU_FLUSH_TLB,
  KVM_VCPU_PREEMPTED,
} from '../../src/abi/kvm-steal-time.ts';
import type { Vcpu } from '../../src/cpu/vcpu.ts';
import { verifyHere } from '../../src/engines/verify/verify-here.ts';
import type { FlushTargets } from '../../src/guest/roles.ts';
import { findScenario } from '../../src/scenarios/index.ts';
import { exploreTwin, falls, holds, LIMITS } from './explored.ts';

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

test('Z-S13 is masked under every model by the locked cmpxchg that sets the flag', (t) => {
  for (const model of ['sc', 'tso', 'weak'] as const)
    t.is(exploreTwin('Z-S13', model).kind, 'all', model);
});

/** Z-S13 without what masks it: no fence, and no cmpxchg where the flag is set already. */
function flushUnmasked(cpu: Vcpu, at: FlushTargets): number {
  let toInterrupt = at.targets;
  at.areas.forEach((area, id) => {
    const preempted = area + KVM_STEAL_TIME_PREEMPTED;
    const seen = (at.targets & (1 << id)) === 0 ? 0 : cpu.load8(preempted);
    if ((seen & KVM_VCPU_PREEMPTED) === 0) return;
    const flagged = seen | KVM_VCPU_FLUSH_TLB;
    if (seen === flagged || cpu.lockCmpxchg8(preempted, seen, flagged) === seen)
      toInterrupt &= ~(1 << id);
  });
  return toInterrupt >>> 0;
}

test('a flush that looks at the byte before its store is visible is found out where nothing masks it', (t) => {
  const scenario = findScenario('pv-tlb-flush');
  const controlled = { ...scenario.controlled, steps: 2 };
  for (const model of ['tso', 'weak'] as const) {
    const guest = { flushTlb: flushUnmasked };
    const { failure } = verifyHere({ scenario, model, guest, controlled }, LIMITS);
    t.is(failure?.kind === 'violation' ? failure.invariant : undefined, 'T2', model);
  }
});

for (const name of [
  'steal-time-remote-read',
  'preempted-flag',
  'memslot-move',
  'pv-tlb-flush',
] as const) {
  test(`the reference of ${name} holds`, (t) => {
    for (const model of ['sc', 'tso', 'weak'] as const) holds(t, name, model);
  });
}
