import '../seed.ts';
import { availableParallelism } from 'node:os';
import test from 'ava';
import fc from 'fast-check';
import { Piscina } from 'piscina';
import { createSharedMemory } from '../../src/memory/shared-memory.ts';
import { spinBudget } from '../../src/memory/wait.ts';
import { ARENA, type Race } from './racers.ts';

const MOST_THREADS = 5;
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

const pool = new Piscina({
  filename: new URL(`./racers${EXTENSION}`, import.meta.url).href,
  minThreads: MOST_THREADS,
  maxThreads: MOST_THREADS,
  concurrentTasksPerWorker: 1,
  atomics: 'disabled',
});
test.after.always(() => pool.destroy());

/** Runs a task of `racers.ts` on so many threads at once; the sum of what they return. */
async function race<Extra>(
  name: string,
  threads: number,
  common: Omit<Race, 'memory' | 'index'> & Extra,
  own: (index: number) => object = () => ({}),
): Promise<number> {
  const memory = createSharedMemory(1 << 16);
  const counts = await Promise.all(
    Array.from(
      { length: threads },
      (_, index) =>
        pool.run({ memory, ...common, index, ...own(index) }, { name }) as Promise<number>,
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

const PARALLEL = availableParallelism() > 1;
/** Tries of a race that must show something: one core that is busy with other things shows nothing. */
const TRIES = 40;

/** Repeats a race until it counted something, but not for ever. */
async function eventually(count: () => Promise<number>): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const counted = await count();
    if (counted > 0) return counted;
  }
  return 0;
}

const tearAt = (address: number, access: Race['access'], rounds = 100_000): Promise<number> =>
  race('tear', 2, { access, parties: 2, rounds, address: ARENA + 64 + address });

test.serial('an aligned 64-bit access never tears, in either mode', async (t) => {
  for (const access of ['plain', 'atomic'] as const) {
    t.is(await tearAt(0, access), 0, access);
    // In its own line, and at the end of one.
    t.is(await tearAt(56, access), 0, access);
  }
});

test.serial('a misaligned 64-bit access tears between its pieces', async (t) => {
  if (!PARALLEL) {
    t.pass('one core: threads do not meet in so short a gap');
    return;
  }
  // At 4: two words of one line; at 60: of two; at 1 and 6: more than two pieces.
  for (const address of [4, 60, 1, 6]) {
    t.true((await eventually(() => tearAt(address, 'plain'))) > 0, `at ${address}`);
  }
});

const meetings = (
  parties: number,
  rounds: number,
  spins: number,
  loops: boolean,
): Promise<number> =>
  race('meet', parties + 1, { access: 'plain', parties, rounds, spins, loops }, (index) => ({
    nudger: index === parties,
  }));

test.serial(
  'nobody leaves a barrier before everybody has arrived, round after round',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: MOST_THREADS - 1 }),
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(0, 200, 20_000),
        async (parties, rounds, spins) => (await meetings(parties, rounds, spins, true)) === 0,
      ),
      { numRuns: 12 },
    );
    t.pass();
  },
);

test.serial(
  'a barrier that does not look at the generation again lets somebody through',
  async (t) => {
    t.true((await eventually(() => meetings(3, 2_000, 0, false))) > 0);
  },
);

test('spinners are told to give up early where there are fewer cores than threads', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 64 }),
      (threads, cores) =>
        threads <= cores
          ? spinBudget(threads, cores) === 20_000
          : spinBudget(threads, cores) === 200,
    ),
  );
  t.pass();
});

const weakOutcomes = (fence: boolean, access: Race['access'], rounds: number): Promise<number> =>
  race('bufferStores', 2, { access, parties: 2, rounds, fence });

test.serial(
  'plain stores wait in store buffers; mb() and atomic accesses do not let them',
  async (t) => {
    t.is(await weakOutcomes(true, 'plain', 200), 0);
    t.is(await weakOutcomes(false, 'atomic', 200), 0);
    if (PARALLEL) t.true((await eventually(() => weakOutcomes(false, 'plain', 200))) > 0);
  },
);
