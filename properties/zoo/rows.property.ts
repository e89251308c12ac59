import '../seed.ts';
import test from 'ava';
import { verifyHere } from '../../src/engines/verify/verify-here.ts';
import { findScenario } from '../../src/scenarios/index.ts';
import type { Mutant } from '../../src/scenarios/scenario.ts';
import { findMutant, mutants } from '../../src/zoo/index.ts';
import { LIMITS } from './explored.ts';

/** What each twin breaks, by its row of the catalogue. Where a row says it in words, the invariant that says the same. */
const ROWS: Readonly<Record<string, string>> = {
  'Z-P1': 'P1 P2',
  'Z-P2': 'P1',
  'Z-P3': 'P1',
  'Z-P4': 'P3 P1',
  'Z-P5': 'P1',
  'Z-P6': 'P1',
  'Z-P7': 'P2 P1',
  'Z-P8': 'P4',
  'Z-P9': 'P4',
  'Z-P10': 'P4',
  'Z-P11': 'P3',
  'Z-P12': 'P4',
  'Z-P13': 'P4 R1',
  'Z-P14': 'P4',
  'Z-P15': 'P1 P4',
  'Z-P16': 'P4 P5',
  'Z-P17': 'P6',
  'Z-P18': 'P4',
  'Z-P19': 'P8',
  'Z-P20': 'P5',
  'Z-P21': 'P3 P5',
  'Z-P22': 'P5',
  'Z-P23': 'P5',
  'Z-P24': 'P3',
  'Z-P25': 'P1',
  'Z-C1': 'M3',
  'Z-C2': 'M3',
  'Z-C3': 'P3 P4',
  'Z-C4': 'P5',
  'Z-C5': 'P3 P5',
  'Z-C6': 'P3',
  'Z-C7': 'P3',
  'Z-C8': 'P7',
  'Z-C9': 'P3',
  'Z-C10': 'P3',
  'Z-W1': 'W1',
  'Z-W2': 'W1 P2',
  'Z-W3': 'W1',
  'Z-W4': 'P5',
  'Z-W5': 'W1',
  'Z-S1': 'T1 T2',
  'Z-S2': 'T1',
  'Z-S3': 'S3 T2',
  'Z-S4': 'S3 M1',
  'Z-S5': 'S1',
  'Z-S6': 'S2',
  'Z-S7': 'M1 S2',
  'Z-S8': 'M1',
  'Z-S9': 'T1',
  'Z-S10': 'T1 T2 S3',
  'Z-S11': 'T2',
  'Z-S12': 'T1',
  'Z-S13': 'T2',
  'Z-S14': 'S2',
  'Z-S15': 'S1',
  'Z-S16': 'T1',
  'Z-E1': 'E4',
  'Z-E2': 'E3',
  'Z-E3': 'E4',
  'Z-E4': 'E2',
  'Z-E5': 'E4',
  'Z-E6': 'E2',
  'Z-E7': 'M2',
  'Z-E8': 'E5',
  'Z-E9': 'E4',
  'Z-E10': 'E7',
  'Z-E11': 'E8',
  'Z-A1': 'A1 A2',
  'Z-A2': 'A3',
  'Z-A3': 'A1',
  'Z-A4': 'A1 R1',
  'Z-A5': 'A1',
  'Z-A6': 'A1',
  'Z-A7': 'A1',
  'Z-A8': 'A1',
  'Z-A9': 'A2',
  'Z-A10': 'A4',
  'Z-A11': 'A4',
  'Z-A12': 'A4',
  'Z-A13': 'A1',
  'Z-A14': 'A5',
  'Z-A15': 'A6',
  'Z-A16': 'A1',
  'Z-A17': 'A3',
  'Z-A18': 'A1',
  'Z-A19': 'A1',
  'Z-R1': 'R1',
  'Z-R2': 'R1',
  'Z-R3': 'R1',
  'Z-K1': 'K1',
  'Z-K2': 'K2',
  'Z-K3': 'K1',
  'Z-K4': 'K1',
  'Z-L1': 'M1',
  'Z-L2': 'M1',
  'Z-L3': 'M1',
};

/** What follows from a row, and which the engines judge by themselves: readers wait for ever for an odd version to end. */
const BESIDES: Readonly<Record<string, string>> = { 'Z-P7': 'N1' };

/** The row with the invariant in it that the twin breaks instead of one of them. */
function expected({ id, invariants, insteadOf }: Mutant): readonly string[] {
  const row = ROWS[id]!.split(' ');
  if (insteadOf === undefined) return row;
  return row.map((each) => (each === insteadOf.invariant ? invariants[0]! : each));
}

test('each twin of the catalogue is there, and breaks what its row says', (t) => {
  const catalogued = mutants.filter(({ id }) => id.startsWith('Z-'));
  t.deepEqual(catalogued.map(({ id }) => id).sort(), Object.keys(ROWS).sort());
  for (const mutant of catalogued) {
    const { id, invariants } = mutant;
    const listed = invariants.filter((each) => each !== BESIDES[id]);
    t.deepEqual([...listed].sort(), [...expected(mutant)].sort(), id);
    // The one that it is to fall to.
    t.is<string | undefined, string>(listed[0], invariants[0]!, id);
  }
});

test('a twin that breaks another invariant than its row says is one that cannot break that one', (t) => {
  const others = mutants.filter(({ insteadOf }) => insteadOf !== undefined);
  t.deepEqual(others.map(({ id }) => id).sort(), ['Z-A17', 'Z-E5']);
  for (const { id, insteadOf, invariants } of others) {
    t.true(ROWS[id]!.split(' ').includes(insteadOf!.invariant), id);
    const mutant = findMutant(id);
    const scenario = findScenario(mutant.scenario);
    t.true(scenario.invariants.includes(insteadOf!.invariant), id);
    // The scenario checks the row's invariant as well, and with nothing else in its way that one holds.
    const { kind } = verifyHere({ scenario, mutant, model: 'sc', without: invariants }, LIMITS);
    t.is(kind, 'all', id);
  }
});
