import { INVARIANTS } from '../scenarios/invariants.ts';
import { hintOf } from '../scenarios/nearest.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** Counts an outcome of a module's scenario, of whose table nobody has checked the places. */
export function checkedOutcome(
  { outcomes }: Scenario,
  count: (outcome: number) => void,
): (outcome: number) => void {
  const { length } = outcomes;
  return (outcome) => {
    if (!Number.isInteger(outcome) || outcome < 0 || outcome >= length) {
      throw new RangeError(
        `Expected outcome(place) with a place in the scenario's outcomes, from 0 to ${length - 1}, got ${String(outcome)}.`,
      );
    }
    count(outcome);
  };
}

/** Looks at what a program says is broken. @throws TypeError for an invariant that nobody has told */
export function checkViolation(
  { ownInvariants = [] }: Scenario,
  invariant: unknown,
  message: unknown,
  evidence: unknown,
): void {
  const ids = [...ownInvariants, ...INVARIANTS].map(({ id }) => id);
  const expected = 'Expected violated(invariant, message, evidence?)';
  if (!ids.includes(invariant as string)) {
    throw new TypeError(
      `${expected} with an invariant of the scenario's or the catalogue's, got ${String(invariant)}.${hintOf(invariant, ids)}`,
    );
  }
  if (typeof message !== 'string')
    throw new TypeError(`${expected} with a message as a string, got ${String(message)}.`);
  if (!Array.isArray(evidence) || evidence.some((line) => typeof line !== 'string'))
    throw new TypeError(
      `${expected} with evidence as an array of strings, got ${String(evidence)}.`,
    );
}
