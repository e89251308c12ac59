import { type Failure, follow } from '../controlled/failure.ts';
import type { Move } from '../controlled/move.ts';
import { Stepper } from '../controlled/stepper.ts';
import { SystemFactory, type SystemSpec } from '../controlled/system.ts';
import { traceOf } from '../controlled/trace.ts';
import type { TraceStep } from '../trace.ts';

/** What a schedule led to this time, as data. */
export interface Replayed {
  readonly failure?: Failure;
  /** Moves that could be made. Fewer than there are: the program has changed. */
  readonly taken: number;
  readonly moves: readonly Move[];
  readonly trace: readonly TraceStep[];
  readonly assumptions: readonly string[];
  readonly instance: Readonly<Record<string, number | string>>;
  readonly threads: readonly string[];
  readonly outcomes: readonly number[];
}

/**
 * Follows a schedule on this thread, which must not be the main one if there is a guest of the user's.
 *
 * @throws ProgramFailed
 */
export function replayHere(spec: SystemSpec, moves: readonly Move[]): Replayed {
  return new SystemFactory(spec).explore((system) => {
    const stepper = new Stepper(system);
    const { failure, taken } = follow(system, stepper, moves);
    const made = moves.slice(0, taken);
    const { learners, instance } = system;
    return {
      ...(failure === undefined ? {} : { failure }),
      taken,
      moves: made,
      trace: traceOf(system, stepper, made),
      assumptions: [],
      instance: {
        vcpus: instance.machine.vcpus,
        threads: learners.length,
        calls: instance.steps.join('+'),
        ticks: instance.clock.steps,
      },
      threads: [...system.names],
      outcomes: [],
    };
  });
}
