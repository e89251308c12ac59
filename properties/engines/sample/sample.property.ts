import '../../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { seqlock } from '../../../benchmarks/controlled/seqlock.ts';
import { Rounds } from '../../../src/engines/sample/rounds.ts';
import { sampleHere } from '../../../src/engines/sample/sample-here.ts';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import { DEFAULT_MACHINE } from '../../../src/host/machine.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import type { ThreadSpec } from '../../../src/scenarios/scenario.ts';
import { load, PLACES, randomScenario, store } from '../verify/random-programs.ts';

for (const strategy of ['blocks', 'pct'] as const) {
  test(`${strategy}: a torn read is found, and shrunk to two context switches`, (t) => {
    const scenario = seqlock({ updates: 2, readers: 1, relaxes: true, checks: false });
    const sampled = sampleHere(
      { scenario, model: 'sc' },
      { runs: 10_000, strategy, seed: 'pvrace' },
    );
    t.is(sampled.failure?.kind, 'violation');
    const switches = sampled.moves.filter(
      ({ actor }, at) => at > 0 && actor !== sampled.moves[at - 1]!.actor,
    ).length;
    t.true(switches <= 2, `${switches}`);
  });

  test(`${strategy}: a correct reader passes, and the same seed draws the same schedules`, (t) => {
    const scenario = seqlock({ updates: 2, readers: 2, relaxes: true });
    const search = { runs: 2_000, strategy, seed: 'pvrace' };
    const first = sampleHere({ scenario, model: 'sc' }, search);
    const second = sampleHere({ scenario, model: 'sc' }, search);
    t.is(first.failure, undefined);
    t.is(first.schedules, 2_000);
    t.is(first.distinctSchedules, second.distinctSchedules);
    t.true(first.distinctSchedules > 10, `${first.distinctSchedules}`);
  });
}

test('states on the way are counted: no more than there are, and most of them', (t) => {
  const scenario = seqlock({ updates: 2, readers: 1, relaxes: true });
  const search = { runs: 2_000, strategy: 'blocks', seed: 'pvrace' } as const;
  const { distinctStates } = sampleHere({ scenario, model: 'sc' }, search);
  const limits = { maxStates: 10_000, maxBytes: 2 ** 26 };
  const { states } = verifyHere({ scenario, model: 'sc', unreduced: true }, limits);
  t.true(distinctStates <= states && distinctStates > states / 2, `${distinctStates} of ${states}`);
});

test('pct: a reader that waits for the writer falls behind it, so that every schedule ends', (t) => {
  const scenario = seqlock({ updates: 2, readers: 1, relaxes: true });
  const search = { runs: 2_000, strategy: 'pct', seed: 'pvrace' } as const;
  for (const model of ['sc', 'tso', 'weak'] as const) {
    const { unended, longest } = sampleHere({ scenario, model }, search);
    t.is(unended, 0, model);
    t.true(longest < 100, `${model}: ${longest}`);
  }
});

test('rounds are noticed, of any length and after any start', (t) => {
  const start = fc.nat(50);
  const length = fc.integer({ min: 1, max: 50 });
  fc.assert(
    fc.property(start, length, (before, round) => {
      const rounds = new Rounds();
      let steps = 0;
      const node = (step: number): number =>
        step < before ? step : before + ((step - before) % round);
      while (!rounds.comesRound(0, node(steps))) steps++;
      return steps >= round && steps <= 3 * (before + round) + 3;
    }),
  );
  t.pass();
});

test('whoever gets on, or takes turns with others, comes round never', (t) => {
  const alone = new Rounds();
  const inTurns = new Rounds();
  for (let step = 0; step < 1_000; step++) {
    t.false(alone.comesRound(0, step));
    t.false(inTurns.comesRound(step % 2, 7));
  }
});

test('a loop that counts further than is tried at first is none that a schedule stays in', (t) => {
  const scenario = seqlock({ updates: 2, readers: 1, relaxes: true });
  const [writer, reader] = scenario.threads(DEFAULT_MACHINE);
  const counts: ThreadSpec = {
    name: 'counts',
    start: ({ kvm: { memory } }) => ({
      step() {
        for (let looks = 0; looks < 200; looks++) memory.load32(SCRATCH);
      },
    }),
  };
  const { schedules, unended, longest } = sampleHere(
    { scenario: { ...scenario, threads: () => [writer!, reader!, counts] }, model: 'sc' },
    { runs: 50, strategy: 'blocks', seed: 'pvrace' },
  );
  t.is(schedules, 50);
  t.is(unended, 0);
  t.true(longest >= 200, `${longest}`);
});

test('a weak memory that is full ends a schedule, and not the search', (t) => {
  const [x, , y] = PLACES;
  const stores = Array.from({ length: 40 }, () => store(x, 1));
  const scenario = randomScenario([[...stores], [load(y), load(x)]]);
  const search = { runs: 200, strategy: 'blocks', seed: 'pvrace' } as const;
  const { schedules, hits } = sampleHere({ scenario, model: 'weak' }, search);
  t.is(schedules, 200);
  t.is(hits, 0);
});
