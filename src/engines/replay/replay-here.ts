import { confirm } from '../controlled/confirm.ts';
import type { Failure } from '../controlled/failure.ts';
import { lassoOf } from '../controlled/lasso.ts';
import type { Move } from '../controlled/move.ts';
import { Stepper } from '../controlled/stepper.ts';
import { SystemFactory, type SystemSpec } from '../controlled/system.ts';
import { traceOf } from '../controlled/trace.ts';
import type { TraceStep } from '../trace.ts';
import { followDrawn } from './follow-drawn.ts';
import { type Divergence, type Followed, followLoosely } from './follow-loosely.ts';
import type { ExpectedStep } from './replay-file.ts';
import { type RanOn, runOn } from './run-on.ts';

/** What a schedule led to this time, as data. */
export interface Replayed {
  readonly failure?: Failure | { readonly kind: 'livelock' };
  /** Moves that could be followed. Fewer than there are: the program has changed too much. */
  readonly taken: number;
  readonly divergence?: Divergence;
  /** Left to themselves behind the schedule, the threads came to no end that was found. */
  readonly unended: boolean;
  /** Moves that were made, those behind the schedule included. */
  readonly moves: readonly Move[];
  readonly trace: readonly TraceStep[];
  readonly assumptions: readonly string[];
  readonly instance: Readonly<Record<string, number | string>>;
  readonly threads: readonly string[];
  readonly outcomes: readonly number[];
}

/**
 * Follows a schedule on this thread, which must not be the main one if there is a guest of the user's;
 * what breaks nothing until its end is left to run on.
 *
 * @throws ProgramFailed
 */
export function replayHere(
  spec: SystemSpec,
  moves: readonly Move[],
  expected: readonly (ExpectedStep | undefined)[] | undefined,
): Replayed {
  return new SystemFactory(spec).explore((system) => {
    const stepper = new Stepper(system);
    const { learners, instance, names } = system;
    const followed: Omit<Followed, 'trace'> =
      expected === undefined
        ? followDrawn(system, stepper, moves)
        : followLoosely(system, stepper, moves, expected);
    const { taken, divergence } = followed;
    const all = taken === moves.length && followed.failure === undefined;
    const broken = followed.failure === undefined ? {} : { failure: followed.failure };
    const further: RanOn = all ? runOn(system, stepper) : { moves: [], ...broken };
    const made = [...followed.moves, ...further.moves];
    // What is told of the programs, the programs themselves have done.
    confirm(system, stepper, made);
    const { moves: shown, trace } =
      further.failure?.kind === 'livelock'
        ? lassoOf(system, stepper, made)
        : { moves: made, trace: traceOf(system, stepper, made) };
    return {
      ...(further.failure === undefined ? {} : { failure: further.failure }),
      taken,
      ...(divergence === undefined ? {} : { divergence }),
      unended: further.unended === true,
      moves: shown,
      trace,
      assumptions: [...new Set(learners.flatMap((learner) => learner.assumptions))],
      instance: {
        vcpus: instance.machine.vcpus,
        threads: learners.length,
        calls: instance.steps.join('+'),
        ticks: instance.clock.steps,
      },
      threads: [...names],
      outcomes: [],
    };
  });
}
