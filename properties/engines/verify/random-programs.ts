import fc from 'fast-check';
import type { MemoryPort } from '../../../src/memory/memory-port.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import type { Ledger } from '../../../src/scenarios/ledger.ts';
import type { HostThread, Program, Scenario } from '../../../src/scenarios/scenario.ts';

/** Two words that share a cell of 8 bytes, and one of its own. */
export const PLACES = [SCRATCH, SCRATCH + 4, SCRATCH + 64] as const;
/** Results are told apart by a hash of so many values. */
const OUTCOMES = 61;
/** Ledger: a word that all touch, then for each thread what it read. */
const COMMON = 0;
const READ = 64;

type Operation = (memory: MemoryPort, ledger: Ledger) => number | undefined;
export type RandomProgram = readonly { readonly words: string; readonly operation: Operation }[];

const place = fc.constantFrom(...PLACES);
const value = fc.integer({ min: 1, max: 2 });

const operation = fc.oneof(
  { weight: 5, arbitrary: place.map(load) },
  {
    weight: 5,
    arbitrary: fc.tuple(place, value).map(([at, to]) => store(at, to)),
  },
  {
    weight: 1,
    arbitrary: place.map((at) => named(`store8 ${at}`, (m) => void m.store8(at + 1, 3))),
  },
  {
    weight: 1,
    arbitrary: place.map((at) => named(`xchg ${at}`, (m) => m.lockXchg32(at, 5))),
  },
  {
    weight: 1,
    arbitrary: place.map((at) => named(`cmpxchg ${at}`, (m) => m.lockCmpxchg32(at, 0, 7))),
  },
  {
    weight: 1,
    arbitrary: fc.constant(named('store64', (m) => void m.store64(SCRATCH, 0x9_0000_0008n))),
  },
  { weight: 1, arbitrary: fc.constant(named('load64', (m) => Number(m.load64(SCRATCH) % 1009n))) },
  { weight: 1, arbitrary: fc.constant(named('mb', (m) => void m.mb())) },
  { weight: 1, arbitrary: fc.constant(named('rmb', (m) => void m.rmb())) },
  { weight: 1, arbitrary: fc.constant(named('wmb', (m) => void m.wmb())) },
  { weight: 1, arbitrary: fc.constant(named('note', (_, l) => void l.add32(COMMON, 1))) },
  { weight: 1, arbitrary: fc.constant(named('look', (_, l) => l.load32(COMMON))) },
  { weight: 1, arbitrary: fc.constant(named('write down', (_, l) => void l.store32(COMMON, 4))) },
);

export function load(at: number) {
  return named(`load ${at}`, (m) => m.load32(at));
}

export function store(at: number, to: number) {
  return named(`store ${at} ${to}`, (m) => void m.store32(at, to));
}

export function named(words: string, operation: Operation) {
  return { words, operation };
}

/** A few accesses to memory that others touch too, fences, and looks of the checker. */
export const randomProgram: fc.Arbitrary<RandomProgram> = fc.array(operation, {
  minLength: 1,
  maxLength: 4,
});

/** Programs side by side; the outcome is a hash of all that they read and of memory at the end. */
export function randomScenario(programs: readonly RandomProgram[]): Scenario {
  return {
    name: 'random',
    summary: 'Random programs.',
    mechanism: 'litmus',
    roles: [],
    invariants: ['L1'],
    outcomes: Array.from({ length: OUTCOMES }, (_, outcome) => ({
      outcome: `result ${outcome}`,
      expect: 'ACCEPTABLE' as const,
      description: 'A result.',
    })),
    vcpus: { default: programs.length, least: 1, most: 64 },
    machine: { ramBytes: 0x12000 },
    controlled: { clockSteps: 0 },
    ledgerBytes: READ + 64 * 4,
    threads: () =>
      programs.map((program, index) => ({
        name: `thread${index}`,
        alike: `thread${index}`,
        start: (thread: HostThread) => run(thread, program, index, programs.length),
      })),
  };
}

function run(thread: HostThread, program: RandomProgram, index: number, threads: number): Program {
  const { kvm, ledger, outcome } = thread;
  const step = (): void => {
    let read = 0;
    for (const { operation } of program) {
      const got = operation(kvm.memory, ledger);
      if (got !== undefined) read = (read * 31 + got + 1) % 65_521;
    }
    ledger.store32(READ + index * 4, read);
  };
  if (index > 0) return { step };
  return {
    step,
    finish() {
      let hash = ledger.load32(COMMON);
      for (let other = 0; other < threads; other++)
        hash = (hash * 131 + ledger.load32(READ + other * 4)) % 1_000_003;
      for (const at of PLACES) hash = (hash * 131 + kvm.memory.load32(at)) % 1_000_003;
      outcome(hash % OUTCOMES);
    },
  };
}
