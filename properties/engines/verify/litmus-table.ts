import type { MemoryPort } from '../../../src/memory/memory-port.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import type { InvariantId } from '../../../src/scenarios/invariants.ts';
import type { Scenario } from '../../../src/scenarios/scenario.ts';

const X = SCRATCH;
const Y = SCRATCH + 64;

/** What one thread of a litmus test does; it returns what it read. */
type Body = (memory: MemoryPort) => readonly number[];

/** A litmus test, the outcome that it asks for, and whether each model allows it. */
export interface Litmus {
  readonly name: string;
  readonly threads: readonly Body[];
  /** What all threads read, one after the other, then x and y at the end. */
  readonly asks: (read: readonly number[], x: number, y: number) => boolean;
  readonly allowed: { readonly sc: boolean; readonly tso: boolean; readonly weak: boolean };
}

const NOWHERE = { sc: false, tso: false, weak: false };
const TSO = { sc: false, tso: true, weak: true };
const WEAK = { sc: false, tso: false, weak: true };

const write =
  (address: number, value: number): Body =>
  (m) => {
    m.store32(address, value);
    return [];
  };
const read =
  (address: number): Body =>
  (m) => [m.load32(address)];
const mb: Body = (m) => {
  m.mb();
  return [];
};
const rmb: Body = (m) => {
  m.rmb();
  return [];
};
const wmb: Body = (m) => {
  m.wmb();
  return [];
};
const xchg =
  (address: number, value: number): Body =>
  (m) => {
    m.lockXchg32(address, value);
    return [];
  };
const all =
  (...bodies: readonly Body[]): Body =>
  (m) =>
    bodies.flatMap((body) => [...body(m)]);

const is =
  (...expected: readonly number[]): Litmus['asks'] =>
  (got) =>
    got.join() === expected.join();

/** Litmus tests and what the literature says of them under SC, x86-TSO, and RC11 without load buffering. */
export const LITMUS: readonly Litmus[] = [
  {
    name: 'SB',
    threads: [all(write(X, 1), read(Y)), all(write(Y, 1), read(X))],
    asks: is(0, 0),
    allowed: TSO,
  },
  {
    name: 'SB with mb',
    threads: [all(write(X, 1), mb, read(Y)), all(write(Y, 1), mb, read(X))],
    asks: is(0, 0),
    allowed: NOWHERE,
  },
  {
    name: 'SB with one mb',
    threads: [all(write(X, 1), mb, read(Y)), all(write(Y, 1), read(X))],
    asks: is(0, 0),
    allowed: TSO,
  },
  {
    name: 'SB with wmb and rmb',
    threads: [all(write(X, 1), wmb, rmb, read(Y)), all(write(Y, 1), wmb, rmb, read(X))],
    asks: is(0, 0),
    allowed: TSO,
  },
  {
    name: 'SB with locked stores',
    threads: [all(xchg(X, 1), read(Y)), all(xchg(Y, 1), read(X))],
    asks: is(0, 0),
    allowed: NOWHERE,
  },
  {
    name: 'MP',
    threads: [all(write(X, 1), write(Y, 1)), all(read(Y), read(X))],
    asks: is(1, 0),
    allowed: WEAK,
  },
  {
    name: 'MP with wmb and rmb',
    threads: [all(write(X, 1), wmb, write(Y, 1)), all(read(Y), rmb, read(X))],
    asks: is(1, 0),
    allowed: NOWHERE,
  },
  {
    name: 'MP with wmb alone',
    threads: [all(write(X, 1), wmb, write(Y, 1)), all(read(Y), read(X))],
    asks: is(1, 0),
    allowed: WEAK,
  },
  {
    name: 'MP with rmb alone',
    threads: [all(write(X, 1), write(Y, 1)), all(read(Y), rmb, read(X))],
    asks: is(1, 0),
    allowed: WEAK,
  },
  {
    name: 'MP with mb',
    threads: [all(write(X, 1), mb, write(Y, 1)), all(read(Y), mb, read(X))],
    asks: is(1, 0),
    allowed: NOWHERE,
  },
  {
    name: 'MP with a locked store',
    threads: [all(write(X, 1), xchg(Y, 1)), all(read(Y), rmb, read(X))],
    asks: is(1, 0),
    allowed: NOWHERE,
  },
  {
    name: 'LB',
    threads: [all(read(X), write(Y, 1)), all(read(Y), write(X, 1))],
    asks: is(1, 1),
    allowed: NOWHERE,
  },
  {
    name: 'IRIW',
    threads: [write(X, 1), write(Y, 1), all(read(X), read(Y)), all(read(Y), read(X))],
    asks: is(1, 0, 1, 0),
    allowed: WEAK,
  },
  {
    name: 'IRIW with rmb',
    threads: [write(X, 1), write(Y, 1), all(read(X), rmb, read(Y)), all(read(Y), rmb, read(X))],
    asks: is(1, 0, 1, 0),
    allowed: WEAK,
  },
  {
    name: 'IRIW with mb',
    threads: [write(X, 1), write(Y, 1), all(read(X), mb, read(Y)), all(read(Y), mb, read(X))],
    asks: is(1, 0, 1, 0),
    allowed: NOWHERE,
  },
  {
    name: 'WRC',
    threads: [write(X, 1), all(read(X), write(Y, 1)), all(read(Y), read(X))],
    asks: is(1, 1, 0),
    allowed: WEAK,
  },
  {
    name: 'WRC with mb',
    threads: [write(X, 1), all(read(X), mb, write(Y, 1)), all(read(Y), mb, read(X))],
    asks: is(1, 1, 0),
    allowed: NOWHERE,
  },
  {
    name: '2+2W',
    threads: [all(write(X, 1), write(Y, 2)), all(write(Y, 1), write(X, 2))],
    asks: (_, x, y) => x === 1 && y === 1,
    allowed: WEAK,
  },
  {
    name: '2+2W with wmb',
    threads: [all(write(X, 1), wmb, write(Y, 2)), all(write(Y, 1), wmb, write(X, 2))],
    asks: (_, x, y) => x === 1 && y === 1,
    // Release fences alone order nothing that nobody reads.
    allowed: WEAK,
  },
  {
    name: '2+2W with mb',
    threads: [all(write(X, 1), mb, write(Y, 2)), all(write(Y, 1), mb, write(X, 2))],
    asks: (_, x, y) => x === 1 && y === 1,
    allowed: NOWHERE,
  },
  {
    name: 'R',
    threads: [all(write(X, 1), write(Y, 1)), all(write(Y, 2), read(X))],
    asks: ([r], _x, y) => r === 0 && y === 2,
    allowed: TSO,
  },
  {
    name: 'R with mb',
    threads: [all(write(X, 1), mb, write(Y, 1)), all(write(Y, 2), mb, read(X))],
    asks: ([r], _x, y) => r === 0 && y === 2,
    allowed: NOWHERE,
  },
  {
    name: 'S',
    threads: [all(write(X, 2), write(Y, 1)), all(read(Y), write(X, 1))],
    asks: ([r], x) => r === 1 && x === 2,
    allowed: WEAK,
  },
  {
    name: 'S with wmb and rmb',
    threads: [all(write(X, 2), wmb, write(Y, 1)), all(read(Y), rmb, write(X, 1))],
    asks: ([r], x) => r === 1 && x === 2,
    allowed: NOWHERE,
  },
  {
    name: 'CoRR',
    threads: [all(write(X, 1), write(X, 2)), all(read(X), read(X))],
    asks: ([first, second]) => second! < first!,
    allowed: NOWHERE,
  },
  {
    name: 'CoWW',
    threads: [all(write(X, 1), write(X, 2)), read(X)],
    asks: (_, x) => x === 1,
    allowed: NOWHERE,
  },
  {
    name: 'RWC',
    threads: [write(X, 1), all(read(X), read(Y)), all(write(Y, 1), read(X))],
    asks: is(1, 0, 0),
    allowed: TSO,
  },
  {
    name: 'RWC with mb',
    threads: [write(X, 1), all(read(X), mb, read(Y)), all(write(Y, 1), mb, read(X))],
    asks: is(1, 0, 0),
    allowed: NOWHERE,
  },
];

/** Room for what each thread reads, in the ledger. */
const READS = 4;

/** The test as a scenario that breaks L1 where the outcome shows. */
export function litmusScenario({ name, threads, asks }: Litmus): Scenario {
  const slot = (thread: number, at: number): number => (thread * READS + at) * 4;
  const invariant: InvariantId = 'L1';
  return {
    name,
    summary: name,
    mechanism: 'litmus',
    roles: [],
    invariants: [invariant],
    outcomes: [],
    vcpus: { default: 1, least: 1, most: 1 },
    machine: { ramBytes: 0x11000 },
    controlled: { clockSteps: 0 },
    ledgerBytes: 256,
    threads: () =>
      threads.map((body, index) => ({
        name: `thread${index}`,
        start: ({ kvm: { memory }, ledger, violated }) => ({
          step() {
            const got = body(memory);
            for (const [at, value] of got.entries()) ledger.store32(slot(index, at), value + 1);
          },
          ...(index === 0
            ? {
                judge() {
                  const got = threads.flatMap((_, thread) =>
                    Array.from({ length: READS }, (__, at) => ledger.load32(slot(thread, at)))
                      .filter((value) => value !== 0)
                      .map((value) => value - 1),
                  );
                  if (asks(got, memory.load32(X), memory.load32(Y))) violated(invariant, 'Seen.');
                },
              }
            : {}),
        }),
      })),
  };
}
