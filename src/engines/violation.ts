import type { InvariantId } from '../scenarios/invariants.ts';

/** Thrown through a program when the checker found an invariant broken. */
export class ViolationFound extends Error {
  override readonly name = 'ViolationFound';
  readonly invariant: InvariantId;
  readonly evidence: readonly string[];
  constructor(invariant: InvariantId, message: string, evidence: readonly string[]) {
    super(message);
    this.invariant = invariant;
    this.evidence = evidence;
  }
}
