import '../../seed.ts';
import test from 'ava';
import { seqlock } from '../../../benchmarks/controlled/seqlock.ts';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import { referenceGuest } from '../../../src/guest/reference.ts';
import type { GuestRoles } from '../../../src/guest/roles.ts';
import { findScenario } from '../../../src/scenarios/index.ts';
import { findMutant } from '../../../src/zoo/index.ts';

const LIMITS = { maxStates: 2_000_000, maxBytes: 2 ** 30 };

for (const [updates, readers, states] of [
  [2, 1, 111],
  [2, 2, 1_741],
  [2, 3, 31_959],
] as const) {
  for (const relaxes of [true, false]) {
    const how = relaxes ? 'a promise' : 'a guess';
    test(`a seqlock of ${updates} updates and ${readers} readers holds for ever, by ${how}`, (t) => {
      const scenario = seqlock({ updates, readers, relaxes });
      const verified = verifyHere({ scenario, model: 'sc', unreduced: true }, LIMITS);
      t.is(verified.kind, 'all');
      t.is(verified.states, states);
      t.deepEqual(verified.assumptions, [relaxes ? 'relax-promised' : 'retry-guessed:1000']);
    });
  }
}

test('a seqlock reader that does not look at the version again is found out, in two switches', (t) => {
  for (const model of ['sc', 'tso', 'weak'] as const) {
    const scenario = seqlock({ updates: 2, readers: 1, relaxes: true, checks: false });
    const verified = verifyHere({ scenario, model }, LIMITS);
    t.is(verified.failure?.kind, 'violation', model);
    const actors = verified.moves.map(({ actor }) => actor).filter((actor) => actor < 2);
    const switches = actors.filter((actor, at) => at > 0 && actor !== actors[at - 1]).length;
    t.true(switches <= 2, `${model}: ${switches}`);
  }
});

/** Twins that small instances show, and the models under which they do. */
const KILLS = {
  'Z-P5': ['sc', 'tso', 'weak'],
  'Z-P6': ['sc', 'tso', 'weak'],
  'Z-P1': ['sc', 'tso', 'weak'],
  'Z-P7': ['sc', 'tso', 'weak'],
  'Z-P25': ['sc', 'tso', 'weak'],
  'Z-P2': ['weak'],
  'Z-W1': ['sc', 'tso', 'weak'],
  'Z-S6': ['sc', 'tso', 'weak'],
  'Z-S14': ['weak'],
  'Z-S9': ['sc', 'tso'],
  'Z-S12': ['sc', 'tso'],
  'Z-E8': ['sc', 'tso'],
  'Z-E11': ['sc', 'tso'],
  'Z-R1': ['tso', 'weak'],
  'Z-R3': ['sc', 'tso', 'weak'],
  'Z-K1': ['sc', 'tso'],
} as const;

for (const [id, models] of Object.entries(KILLS)) {
  test(`${id} is found under ${models.join(', ')}, and nowhere else that is quick to tell`, (t) => {
    const mutant = findMutant(id);
    const scenario = findScenario(mutant.scenario);
    for (const model of models) {
      const { failure } = verifyHere({ scenario, mutant, model }, LIMITS);
      t.is(failure?.kind, 'violation', model);
      const broken = failure?.kind === 'violation' ? failure.invariant : '';
      t.true(mutant.invariants.includes(broken as never), `${model}: ${broken}`);
    }
    if (models.includes('sc' as never)) return;
    const { kind } = verifyHere({ scenario, mutant, model: 'sc' }, LIMITS);
    t.is(kind, 'all');
  });
}

for (const name of [
  'pvclock-torn-read',
  'wall-clock-readers',
  'steal-time-remote-read',
  'request-kick',
  'preempted-flag',
  'async-page-fault',
  'store-buffering',
  'message-passing',
  'coherence',
]) {
  test(`${name} holds in every interleaving under every model`, (t) => {
    for (const model of ['sc', 'tso', 'weak'] as const) {
      const { kind, failure } = verifyHere({ scenario: findScenario(name), model }, LIMITS);
      t.is(kind, 'all', `${model}: ${JSON.stringify(failure)}`);
    }
  });
}

function verifyGuest(guest: Partial<GuestRoles>) {
  const scenario = findScenario('pvclock-torn-read');
  return verifyHere({ scenario, guest, model: 'sc' }, { ...LIMITS, maxStates: 100_000 });
}

test('a guest that is not deterministic is named', (t) => {
  let calls = 0;
  const fails = (): unknown =>
    verifyGuest({
      readClock(cpu, at) {
        if (++calls % 3 === 0) cpu.load32(at.area);
        return referenceGuest.readClock(cpu, at);
      },
    });
  t.throws(fails, { message: /readClock on vcpu1.*same step/ });
});

test('a guest that catches the end of a run is named', (t) => {
  const fails = (): unknown =>
    verifyGuest({
      readClock(cpu, at) {
        try {
          return referenceGuest.readClock(cpu, at);
        } catch {
          return 0n;
        }
      },
    });
  t.throws(fails, { message: /something caught it/ });
});

test('a guest that loops over private memory for ever is stopped', (t) => {
  const fails = (): unknown =>
    verifyGuest({
      readClock(cpu) {
        for (;;) cpu.load32(0x8000);
      },
    });
  t.throws(fails, { message: /loop for ever/ });
});

test('a guest that throws is told where', (t) => {
  const fails = (): unknown =>
    verifyGuest({
      readClock() {
        throw new TypeError('no clock');
      },
    });
  t.throws(fails, { message: /readClock on vcpu1.*TypeError: no clock/ });
});

test('a bound on states makes a run incomplete, never a pass', (t) => {
  const scenario = seqlock({ updates: 2, readers: 3, relaxes: true });
  const verified = verifyHere(
    { scenario, model: 'sc', unreduced: true },
    { ...LIMITS, maxStates: 1_000 },
  );
  t.is(verified.kind, 'stopped');
  t.is(verified.why, 'max-states');
});
