import '../../seed.ts';
import test from 'ava';
import { seqlock } from '../../../benchmarks/controlled/seqlock.ts';
import { sampleHere } from '../../../src/engines/sample/sample-here.ts';

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
