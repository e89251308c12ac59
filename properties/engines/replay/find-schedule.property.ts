import '../../seed.ts';
import test from 'ava';
import { findSchedule, formatReplay, replay } from '../../../src/engines/replay/index.ts';
import type { Broken } from '../../../src/engines/result.ts';

/** What a race told, with figures that nothing may change. */
function raced(scenario: string, mutant: string | undefined, invariant: string): Broken {
  return {
    scenario,
    ...(mutant === undefined ? {} : { mutant }),
    engine: 'stress',
    seed: 'pvrace',
    seconds: 1.25,
    instance: { vcpus: 4, threads: 5, cores: 2 },
    assumptions: [],
    outcomes: [],
    access: 'plain',
    samples: 10,
    operations: 100,
    verdict: 'fail',
    invariant,
    message: 'It was seen.',
    evidence: [{ thread: 'vcpu1', text: 'read 7' }],
  };
}

/** All but what a search adds. */
function ofTheRace({
  schedule: _,
  moves: __,
  search: ___,
  ...rest
}: Broken): Omit<Broken, 'search'> {
  return rest;
}

for (const [scenario, mutant, invariant, model] of [
  ['pvclock-torn-read', 'Z-P6', 'P1', 'sc'],
  ['request-kick', 'Z-R1', 'R1', 'tso'],
  ['kick-before-halt', 'Z-K1', 'K1', 'sc'],
] as const) {
  test.serial(
    `${mutant}: what a race broke is found as a schedule, which is a replay`,
    async (t) => {
      const race = raced(scenario, mutant, invariant);
      const found = await findSchedule(race, { scenario, mutant, seconds: 30 });
      t.deepEqual(ofTheRace(found), race);
      t.is(found.search?.model, model, found.search?.message);
      const { moves = [], schedule = [], search } = found;
      const text = formatReplay({
        version: '0.1.0',
        engine: search!.engine!,
        scenario,
        mutant,
        model: search!.model!,
        invariant,
        moves,
        expected: schedule.map(({ action, place }) => ({ action, ...(place && { place }) })),
        notes: [],
      });
      const again = await replay(text);
      t.true(again.verdict === 'fail' && again.invariant === invariant);
    },
  );
}

test.serial('what a thread breaks all by itself needs no schedule, and that is said', async (t) => {
  const scenario = 'pvclock-torn-read';
  const guest = new URL('data:text/javascript,export function readClock() { return 42n }');
  const found = await findSchedule(raced(scenario, undefined, 'F1'), {
    scenario,
    guest,
    seconds: 30,
  });
  t.deepEqual(found.moves, []);
  t.regex(found.search!.message, /takes no race/);
});

test.serial('where no interleaving breaks it, that is said, and the race stands', async (t) => {
  const race = raced('message-passing', undefined, 'X1');
  const found = await findSchedule(race, { scenario: 'message-passing', seconds: 30 });
  t.deepEqual(ofTheRace(found), race);
  t.is(found.schedule, undefined);
  t.regex(
    found.search!.message,
    /no interleaving of the small instance \(.*\) under tso breaks X1/,
  );
});

test.serial('another broken invariant is none of the same', async (t) => {
  const race = raced('pvclock-torn-read', 'Z-P6', 'P3');
  const options = { scenario: 'pvclock-torn-read', mutant: 'Z-P6', seconds: 30 };
  const found = await findSchedule(race, options);
  t.is(found.schedule, undefined);
  t.regex(found.search!.message, /breaks P1/);
});

test.serial('a search that is interrupted, out of time, or fails, says so', async (t) => {
  const scenario = 'pvclock-torn-read';
  const race = raced(scenario, 'Z-P6', 'P3');
  const signal = AbortSignal.abort();
  const stopped = await findSchedule(race, { scenario, mutant: 'Z-P6', signal });
  t.regex(stopped.search!.message, /interrupted/);
  const late = await findSchedule(race, { scenario, mutant: 'Z-P6', seconds: 0 });
  t.regex(
    late.search!.message,
    /No schedule of it was found in .* s: (not all interleavings|the small instance)/,
  );
  const guest = new URL('data:text/javascript,export function readClock() { throw 7 }');
  const failed = await findSchedule(race, { scenario, guest, seconds: 30 });
  t.regex(failed.search!.message, /No schedule of it was found: vcpu1: .* threw 7/);
  for (const { verdict, message } of [stopped, late, failed]) {
    t.deepEqual([verdict, message], ['fail', 'It was seen.']);
  }
});
