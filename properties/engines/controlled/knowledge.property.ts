import '../../seed.ts';
import test from 'ava';
import { Knowledge } from '../../../src/engines/controlled/knowledge.ts';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import { findScenario } from '../../../src/scenarios/index.ts';
import type { HostThread, Scenario } from '../../../src/scenarios/scenario.ts';

const LIMITS = { maxStates: 400_000, maxBytes: 2 ** 30 };

test('a call that is over is known by its value only', (t) => {
  const after = (answers: readonly number[], value: unknown): number => {
    const knowledge = new Knowledge();
    knowledge.reset();
    const call = knowledge.enter();
    for (const answer of answers) knowledge.learn(answer, 0);
    knowledge.leave(call, value);
    return knowledge.identity(0, 0);
  };
  t.is(after([1], 7), after([2, 3], 7));
  t.not(after([1], 7), after([1], 8));
  t.not(after([1], 7), after([1], 7n << 40n));
  t.not(after([1], 0.5), after([1], 0.25));
  t.not(after([1], true), after([1], false));
  t.not(after([1], 'a'), after([1], 'b'));
  // An object may hold anything.
  t.not(after([1], {}), after([2], {}));
});

test('what was interrupted does not know of the exit', (t) => {
  const knowledge = new Knowledge();
  knowledge.reset();
  const before = knowledge.identity(0, 0);
  const call = knowledge.enter();
  knowledge.learn(5, 0);
  t.not(knowledge.identity(0, 0), before);
  knowledge.vanish(call);
  t.is(knowledge.identity(0, 0), before);
});

test('code that may remember keeps what all open calls have learned', (t) => {
  const after = (answer: number): number => {
    const knowledge = new Knowledge();
    knowledge.reset();
    const outer = knowledge.enter();
    const inner = knowledge.enter();
    knowledge.learn(answer, 0);
    knowledge.keep();
    knowledge.leave(inner, 0);
    knowledge.leave(outer, 0);
    return knowledge.identity(0, 0);
  };
  t.not(after(1), after(2));
});

for (const name of [
  'pvclock-torn-read',
  'steal-time-remote-read',
  'request-kick',
  'pv-eoi-storm',
  'memslot-move',
]) {
  test(`${name} has the same outcomes where no state is taken for another`, (t) => {
    const scenario = findScenario(name);
    const [joined, apart] = [false, true].map((unreduced) =>
      verifyHere({ scenario, model: 'sc', unreduced }, LIMITS),
    );
    const seen = (counts: readonly number[]): boolean[] => counts.map((count) => count > 0);
    t.is(joined!.kind, 'all');
    t.is(apart!.kind, 'all');
    t.deepEqual(seen(joined!.outcomes), seen(apart!.outcomes));
    t.true(joined!.states < apart!.states);
  });
}

/** What a thread's checker remembers from one operation to the next, against the rule. */
type Forgetful = HostThread & { seen?: number };

/** Breaks its invariant only where the first operation read 0 and the second one 1. */
const REMEMBERS: Scenario = {
  ...findScenario('coherence'),
  name: 'remembers',
  rounds: undefined as never,
  vcpus: { default: 1, least: 1, most: 1 },
  invariants: ['L1'],
  outcomes: [],
  controlled: { clockSteps: 0 },
  instrument: (ops, thread) => ({
    ...ops,
    realtimeNsAt(kvm) {
      const own = thread as Forgetful;
      own.seen = (own.seen ?? 0) * 10 + kvm.memory.load32(SCRATCH);
      return 0n;
    },
  }),
  threads: () => [
    {
      name: 'reader',
      start: (thread) => ({
        step() {
          thread.kvm.ops.realtimeNsAt(thread.kvm, 0n);
          thread.kvm.ops.realtimeNsAt(thread.kvm, 0n);
          if ((thread as Forgetful).seen === 1) thread.violated('L1', 'It remembers.');
        },
      }),
    },
    {
      name: 'writer',
      start: ({ kvm }) => ({
        step() {
          kvm.memory.store32(SCRATCH, 1);
        },
      }),
    },
  ],
};

test('a checker that remembers against the rule is found out, and nothing is missed', (t) => {
  const { kind, failure } = verifyHere({ scenario: REMEMBERS, model: 'sc' }, LIMITS);
  t.is(kind, 'failure');
  t.is(failure?.kind, 'violation');
});

test("a user's own scenario may remember what it instruments, and is explored no less", (t) => {
  const scenario: Scenario = { ...REMEMBERS, keepsState: true };
  const { kind, failure } = verifyHere({ scenario, model: 'sc' }, LIMITS);
  t.is(kind, 'failure');
  t.is(failure?.kind, 'violation');
});
