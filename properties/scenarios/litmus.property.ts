import '../seed.ts';
import { availableParallelism } from 'node:os';
import test from 'ava';
import { Piscina } from 'piscina';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { createSharedMemory, PlainMemory } from '../../src/memory/shared-memory.ts';
import {
  type LitmusBody,
  type LitmusPort,
  type LitmusTest,
  litmus,
} from '../../src/scenarios/litmus/litmus.ts';
import type { Program, VcpuThread } from '../../src/scenarios/scenario.ts';
import { CORRECT, PROGRAMS, type ProgramName, WRONG } from './litmus-programs.ts';

const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PARALLEL = availableParallelism() > 1;
const MEMORY_BYTES = 1 << 18;

const pool = new Piscina({
  filename: new URL(`./litmus-racers${EXTENSION}`, import.meta.url).href,
  minThreads: 2,
  maxThreads: 2,
  concurrentTasksPerWorker: 1,
  atomics: 'disabled',
});
test.after.always(() => Promise.all([pool.destroy(), closePools()]));

const [X, Y] = [0, 4];

/** Thrown by a port that has no more answers: what the body would do next. */
class NextStep extends Error {
  readonly address: number;
  readonly stored: number | undefined;
  constructor(address: number, stored?: number) {
    super('next step');
    this.address = address;
    this.stored = stored;
  }
}

/** The next step of a body after the given answers, or its share of the outcome. */
function follow(body: LitmusBody, answers: readonly number[]): NextStep | number {
  let taken = 0;
  const port: LitmusPort = {
    load32(address) {
      if (taken === answers.length) throw new NextStep(address);
      return answers[taken++]!;
    },
    store32(address, value) {
      if (taken++ === answers.length) throw new NextStep(address, value);
    },
    rmb() {},
    wmb() {},
  };
  try {
    return body(port, X, Y);
  } catch (error) {
    if (error instanceof NextStep) return error;
    throw error;
  }
}

/** Places of all outcomes that some interleaving of whole steps has. */
function sequentialOutcomes(
  bodies: readonly LitmusBody[],
  variables = [0, 0],
  logs = bodies.map((): number[] => []),
): Set<number> {
  const steps = bodies.map((body, thread) => follow(body, logs[thread]!));
  const found = new Set<number>();
  steps.forEach((step, thread) => {
    if (typeof step === 'number') return;
    const next = [...variables];
    if (step.stored !== undefined) next[step.address / 4] = step.stored;
    const answer = next[step.address / 4]!;
    const grown = logs.map((log, other) => (other === thread ? [...log, answer] : log));
    for (const outcome of sequentialOutcomes(bodies, next, grown)) found.add(outcome);
  });
  const shares = steps.filter((step) => typeof step === 'number');
  if (shares.length === steps.length) found.add(shares.reduce((sum, share) => sum + share, 0));
  return found;
}

const places = ({ outcomes }: LitmusTest, expect: string): number[] =>
  outcomes.flatMap((outcome, place) => (outcome.expect === expect ? [place] : []));

const sorted = (outcomes: Iterable<number>): number[] => [...outcomes].sort((a, b) => a - b);

test('one step at a time, exactly the acceptable outcomes come about', (t) => {
  for (const name of CORRECT) {
    t.deepEqual(
      sorted(sequentialOutcomes(PROGRAMS[name].bodies)),
      places(PROGRAMS[name], 'ACCEPTABLE'),
      name,
    );
  }
});

test('a program that is wrong has a forbidden outcome even one step at a time', (t) => {
  for (const name of WRONG) {
    const seen = sequentialOutcomes(PROGRAMS[name].bodies);
    t.true(
      places(PROGRAMS[name], 'FORBIDDEN').some((place) => seen.has(place)),
      name,
    );
  }
});

/** The program of thread 0 over memory of its own, with what it counts and reports. */
function judgeOf(test: LitmusTest): {
  judge: Program;
  memory: PlainMemory;
  counted: number[];
  reported: string[];
} {
  const memory = new PlainMemory(createSharedMemory(MEMORY_BYTES));
  const counted: number[] = [];
  const reported: string[] = [];
  const thread: Partial<Record<keyof VcpuThread, unknown>> = {
    cpu: memory,
    outcome: (place: number) => counted.push(place),
    violated: (invariant: string) => reported.push(invariant),
  };
  const [spec] = litmus(test).threads({} as never);
  return { judge: spec!.start(thread as never), memory, counted, reported };
}

test('the judge counts what the shares add up to, reports what is forbidden, and clears the variables', (t) => {
  for (const name of [...CORRECT, ...WRONG]) {
    const { bodies, outcomes } = PROGRAMS[name];
    outcomes.forEach(({ expect }, place) => {
      // Thread 0 leaves the whole outcome as its share, after the stores of its real body.
      const whole: LitmusBody = (cpu, x, y) => {
        bodies[0]!(cpu, x, y);
        return place;
      };
      const { judge, memory, counted, reported } = judgeOf({
        ...PROGRAMS[name],
        bodies: [whole, bodies[1]!],
      });
      judge.step(3);
      t.true(memory.u8.some((byte) => byte !== 0));
      judge.judge!(3);
      t.deepEqual(counted, [place]);
      t.deepEqual(reported, expect === 'FORBIDDEN' ? ['L1'] : []);
      // The variables are as new: the second thread sees the first values of all.
      const left = judgeOf({ ...PROGRAMS[name], bodies: [bodies[1]!, bodies[0]!] });
      left.memory.u8.set(memory.u8);
      left.judge.step(3);
      left.judge.judge!(3);
      t.is<unknown, unknown>(left.counted[0], follow(bodies[1]!, [0, 0]));
    });
  }
});

const raceOnce = async (program: ProgramName, rounds: number): Promise<number> => {
  const memory = createSharedMemory(MEMORY_BYTES);
  const counts = await Promise.all(
    [0, 1].map(
      (index) => pool.run({ memory, program, index, rounds }, { name: 'race' }) as Promise<number>,
    ),
  );
  return counts[0]!;
};

/** Tries of a race that must show something; threads that share one core do not meet. */
const TRIES = PARALLEL ? 60 : 1;

for (const program of WRONG) {
  test.serial(`${program}: threads show the forbidden outcome`, async (t) => {
    let forbidden = 0;
    for (let attempt = 0; attempt < TRIES && forbidden === 0; attempt++)
      forbidden = await raceOnce(program, 300);
    t.true(forbidden > 0 || !PARALLEL);
  });
}

for (const scenario of CORRECT) {
  test.serial(
    `${scenario}: threads show only what x86 allows, and atomic accesses nothing weak`,
    async (t) => {
      for (const access of ['plain', 'atomic'] as const) {
        const result = await stress({ scenario, access, operations: 200_000, canarySeconds: 0.01 });
        t.true(
          result.verdict === 'pass' || result.verdict === 'incomplete',
          JSON.stringify(result),
        );
        const seen = result.outcomes.filter(({ count }) => count > 0);
        t.true(
          seen.every(
            ({ expect }) =>
              expect === 'ACCEPTABLE' || (access === 'plain' && expect === 'INTERESTING'),
          ),
        );
      }
    },
  );
}

test.serial('store-buffering: plain stores show the store buffers', async (t) => {
  let weak = 0;
  for (let attempt = 0; attempt < TRIES && weak === 0; attempt++) {
    const { outcomes } = await stress({
      scenario: 'store-buffering',
      operations: 100_000,
      canarySeconds: 0.01,
    });
    weak = outcomes[0]!.count;
  }
  t.true(weak > 0 || !PARALLEL);
});
