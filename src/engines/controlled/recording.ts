import type { InvariantId } from '../../scenarios/invariants.ts';
import type { Step } from './step.ts';

/** The answers to a program's steps so far, in order. */
export interface Answers {
  readonly steps: readonly Step[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Whether an exit took the place of the step; the answer then says nothing. */
  readonly exit: readonly boolean[];
}

/** A broken invariant, in a scenario's words. */
export interface Violation {
  readonly invariant: InvariantId;
  readonly message: string;
  readonly evidence: readonly string[];
}

/** Which fences are steps: a memory model that has no use for one leaves it out. */
export interface FenceSteps {
  readonly mb: boolean;
  readonly rmbAndWmb: boolean;
}

/** Answers what a run's list of answers does not: the checker's accesses, and as many steps as it likes. */
export interface Oracle {
  /** A step of the checker. Leaves the answer in `low` and `high`, or returns false to stop the program here. */
  answer(step: Step): boolean;
  /** Any other step. Leaves the answer in `low` and `high`, or returns false to stop the program here. */
  goesOn(step: Step): boolean;
  readonly low: number;
  readonly high: number;
}
