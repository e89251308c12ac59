import '../../seed.ts';
import test from 'ava';
import type { StressProgress } from '../../../src/engines/stress/options.ts';
import { closePools } from '../../../src/engines/stress/pool.ts';
import { setUpRun } from '../../../src/engines/stress/set-up.ts';
import { type SupervisorClock, supervise } from '../../../src/engines/stress/supervisor.ts';
import { findScenario } from '../../../src/scenarios/index.ts';

test.after.always(() => closePools());

/** A clock that only moves when somebody sleeps on it, so many times as fast as it is slept. */
function clockOfSleeps(factor: number): SupervisorClock {
  let now = 0;
  return {
    now: () => now,
    async sleep(milliseconds) {
      now += milliseconds * factor;
      // Threads run in real time: they get some of it.
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    },
  };
}

const guest = (source: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(source)}`);

function setUp(source?: string): ReturnType<typeof setUpRun> {
  const options = source === undefined ? {} : { guest: guest(source) };
  const scenario = 'pvclock-torn-read';
  return setUpRun(findScenario(scenario), undefined, { scenario, ...options });
}

test.serial(
  'a run ends when its clock says so, and tells how long it raced by that clock',
  async (t) => {
    const { tasks, names, memory } = setUp();
    const clock = clockOfSleeps(1);
    const run = await supervise(tasks, names, memory, { seconds: 0.5, canarySeconds: 0.1, clock });
    t.is(run.failure, undefined);
    t.false(run.interrupted);
    t.true(run.reports.every((report) => report?.kind === 'finished'));
    // Within 5 % of its budget, by the clock that it was given.
    t.true(run.seconds >= 0.5 && run.seconds <= 0.525, `${run.seconds}`);
  },
);

test.serial('a role that does not return is given up by the clock, and named', async (t) => {
  const { tasks, names, memory } = setUp('export function readClock() { for (;;); }');
  const clock = clockOfSleeps(20);
  const run = await supervise(tasks, names, memory, { seconds: 3_600, canarySeconds: 0.1, clock });
  t.is(run.failure?.code, 'GUEST_HUNG');
  t.is(run.failure?.thread, 'vcpu1');
  t.regex(run.failure!.message, /role readClock/);
  t.true(run.seconds < 60);
});

test.serial('a module that does not come to its end is given up while it gets ready', async (t) => {
  const { tasks, names, memory } = setUp('for (;;);');
  const run = await supervise(tasks, names, memory, {
    seconds: 3_600,
    canarySeconds: 0.1,
    clock: clockOfSleeps(100),
  });
  t.is(run.failure?.code, 'GUEST_HUNG');
  t.regex(run.failure!.message, /getting ready/);
});

test.serial('an abort ends a run with what it has', async (t) => {
  const { tasks, names, memory } = setUp();
  const stop = new AbortController();
  const seen: StressProgress[] = [];
  const run = await supervise(tasks, names, memory, {
    seconds: 3_600,
    canarySeconds: 0.01,
    signal: stop.signal,
    onProgress(progress) {
      seen.push(progress);
      if (progress.phase === 'racing' && progress.operations > 0) stop.abort();
    },
  });
  t.true(run.interrupted);
  t.is(run.failure, undefined);
  t.true(run.reports.every((report) => report?.kind === 'finished'));
  const phases = [...new Set(seen.map(({ phase }) => phase))];
  t.deepEqual(phases, ['starting', 'measuring', 'racing', 'stopping']);
});

test.serial('an abort while threads get ready blames none of them', async (t) => {
  const { tasks, names, memory } = setUp('for (;;);');
  const stop = new AbortController();
  const run = await supervise(tasks, names, memory, {
    seconds: 3_600,
    canarySeconds: 0.1,
    signal: stop.signal,
    clock: clockOfSleeps(10),
    onProgress: ({ phase }) => {
      if (phase === 'starting') stop.abort();
    },
  });
  t.true(run.interrupted);
  t.is(run.failure, undefined);
});

test.serial('an abort before the start is no failure', async (t) => {
  const { tasks, names, memory } = setUp();
  const run = await supervise(tasks, names, memory, {
    seconds: 1,
    canarySeconds: 0.01,
    signal: AbortSignal.abort(),
  });
  t.true(run.interrupted);
  t.is(run.failure, undefined);
});
