import test from 'ava';
import { waitingInvariant } from '../../src/engines/controlled/waiting.ts';
import { verifyHere } from '../../src/engines/verify/verify-here.ts';
import type { GuestRoles } from '../../src/guest/roles.ts';
import { findScenario } from '../../src/scenarios/index.ts';
import type { InvariantId } from '../../src/scenarios/invariants.ts';
import { LIMITS } from './explored.ts';

/** A guest that is right, and written another way than the reference. */
export interface Alternative {
  readonly what: string;
  readonly scenario: string;
  readonly roles: Partial<GuestRoles>;
}

/** A guest with a mistake that no row of the catalogue has. */
export interface Mistake extends Alternative {
  readonly breaks: InvariantId;
}

const explore = ({ scenario: name, roles }: Alternative) => {
  const scenario = findScenario(name);
  const mutant = { id: 'own', source: 'own', summary: '', side: 'guest', roles } as const;
  return verifyHere(
    {
      scenario,
      mutant: {
        ...mutant,
        scenario: name,
        mechanism: scenario.mechanism,
        invariants: [],
        visibleUnder: [],
      },
      model: 'tso',
    },
    LIMITS,
  );
};

/** Each falls to its invariant on x86. */
export function findAll(mistakes: readonly Mistake[]): void {
  for (const mistake of mistakes) {
    test(`found in ${mistake.scenario}: ${mistake.what}`, (t) => {
      const { failure, kind } = explore(mistake);
      const waits = waitingInvariant(findScenario(mistake.scenario));
      const broken = failure?.kind === 'violation' ? failure.invariant : failure ? waits : kind;
      t.is<string, string>(broken, mistake.breaks, JSON.stringify(failure));
    });
  }
}

/** None falls. */
export function acceptAll(alternatives: readonly Alternative[]): void {
  for (const alternative of alternatives) {
    test(`no false alarm in ${alternative.scenario}: ${alternative.what}`, (t) => {
      const { failure, kind } = explore(alternative);
      t.is(kind, 'all', JSON.stringify(failure));
    });
  }
}
