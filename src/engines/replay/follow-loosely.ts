import { type Failure, failureHere } from '../controlled/failure.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { stepOf } from '../controlled/trace.ts';
import type { TraceStep } from '../trace.ts';
import type { ExpectedStep } from './replay-file.ts';

/** Where a program first left a schedule. */
export interface Divergence {
  /** Which move of the schedule it was, from 0. */
  readonly at: number;
  /** Whose step, what the schedule has there, and what came in its place; absent where none could be taken. */
  readonly actor: string;
  readonly expected: ExpectedStep;
  readonly came?: ExpectedStep;
}

/** How far a schedule could be followed, and what it led to. */
export interface Followed {
  readonly moves: readonly Move[];
  readonly trace: readonly TraceStep[];
  readonly failure?: Failure;
  readonly divergence?: Divergence;
  /** Moves of the schedule that were looked at. Fewer than there are: it was given up, or something broke. */
  readonly taken: number;
}

/** Steps in a row that a schedule does not have, after which it is given up. */
const MOST_EXTRA = 16;

/**
 * Follows a schedule whose program may have changed a little since. Where a thread takes steps that the
 * schedule does not have, they are put in; steps that are gone are left out.
 */
export function followLoosely(
  system: System,
  stepper: Stepper,
  moves: readonly Move[],
  expected: readonly (ExpectedStep | undefined)[],
): Followed {
  return new Follower(system, stepper, moves, expected).follow();
}

class Follower {
  readonly #system: System;
  readonly #stepper: Stepper;
  readonly #moves: readonly Move[];
  readonly #expected: readonly (ExpectedStep | undefined)[];
  readonly #gone = new Set<number>();
  readonly #made: Move[] = [];
  readonly #trace: TraceStep[] = [];
  #divergence: Divergence | undefined;

  constructor(
    system: System,
    stepper: Stepper,
    moves: readonly Move[],
    expected: readonly (ExpectedStep | undefined)[],
  ) {
    this.#system = system;
    this.#stepper = stepper;
    this.#moves = moves;
    this.#expected = expected;
  }

  follow(): Followed {
    const stepper = this.#stepper;
    stepper.reset();
    let at = 0;
    while (at < this.#moves.length && stepper.violator < 0 && this.#reach(at)) at++;
    const failure = failureHere(this.#system, stepper);
    return {
      moves: this.#made,
      trace: this.#trace,
      taken: at,
      ...(failure === undefined ? {} : { failure }),
      ...(this.#divergence === undefined ? {} : { divergence: this.#divergence }),
    };
  }

  /** Takes a move of the schedule, or does without it; false where the two have nothing in common any more. */
  #reach(at: number): boolean {
    if (this.#gone.has(at)) return true;
    const move = this.#moves[at]!;
    const expected = this.#expected[at];
    const undo = this.#snapshot();
    const came = this.#takeOrDrain(move);
    if (came !== undefined && fits(came, expected)) return true;
    this.#diverged(at, came);
    if (came === undefined) return true;
    // Whichever is less: steps that are new, or steps that are gone.
    const gone = this.#goneUntil(at, came);
    const most = Math.min(MOST_EXTRA, gone?.length ?? MOST_EXTRA);
    for (let extra = 1; extra <= most && this.#stepper.violator < 0; extra++) {
      const next = this.#takeOrDrain(move);
      if (next === undefined) break;
      if (fits(next, expected)) return true;
    }
    if (this.#stepper.violator >= 0) return true;
    undo();
    for (const each of gone ?? []) this.#gone.add(each);
    return gone !== undefined;
  }

  /** A thread that has one more store than the schedule knows may have to wait for its buffer. */
  #takeOrDrain(move: Move): TraceStep | undefined {
    const threads = this.#system.learners.length;
    const step = this.#take(move);
    if (step !== undefined || move.actor >= threads) return step;
    return this.#take({ actor: threads + 1 + move.actor, alternative: 0 });
  }

  /** Takes a step; what the schedule chose among its ways stands where there are that many. */
  #take({ actor, alternative }: Move): TraceStep | undefined {
    const stepper = this.#stepper;
    const ways = actor < stepper.actors ? stepper.alternatives(actor) : 0;
    if (ways === 0) return undefined;
    const move = { actor, alternative: alternative < ways ? alternative : 0 };
    const step = stepOf(this.#system, stepper, move);
    this.#made.push(move);
    this.#trace.push(step);
    return step;
  }

  /** The moves before the one that takes this step, where the schedule has it later: they may be gone. */
  #goneUntil(at: number, came: TraceStep): readonly number[] | undefined {
    const { actor } = this.#moves[at]!;
    const own: number[] = [];
    for (let later = at; later < this.#moves.length && own.length <= MOST_EXTRA; later++) {
      if (this.#moves[later]!.actor !== actor) continue;
      const expected = this.#expected[later];
      if (later > at && expected !== undefined && same(came, expected)) return own;
      own.push(later);
    }
    return undefined;
  }

  #diverged(at: number, came: TraceStep | undefined): void {
    const { learners, names, model } = this.#system;
    const { actor } = this.#moves[at]!;
    const thread = actor < learners.length ? actor : actor - learners.length - 1;
    const name = actor === learners.length ? 'clock' : (names[thread] ?? `thread ${actor}`);
    this.#divergence ??= {
      at,
      actor: actor >= learners.length + model.actors ? `thread ${actor}` : name,
      expected: this.#expected[at] ?? { action: 'step' },
      ...(came === undefined ? {} : { came: partOf(came) }),
    };
  }

  #snapshot(): () => void {
    const { model } = this.#system;
    model.pack();
    const words = model.packed.slice();
    const length = this.#made.length;
    return () => {
      model.load(words, 0);
      this.#stepper.violator = -1;
      this.#made.length = length;
      this.#trace.length = length;
    };
  }
}

function fits(step: ExpectedStep, expected: ExpectedStep | undefined): boolean {
  return expected === undefined || same(step, expected);
}

function same(step: ExpectedStep, expected: ExpectedStep): boolean {
  return step.action === expected.action && step.place === expected.place;
}

function partOf({ action, place }: TraceStep): ExpectedStep {
  return { action, ...(place === undefined ? {} : { place }) };
}
