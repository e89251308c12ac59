import { inWorker } from '../src/engines/controlled/in-worker.ts';
import type { ControlledReport } from '../src/engines/controlled/task.ts';
import { printToStderr } from '../src/engines/own-output.ts';
import type { FindScheduleTask } from '../src/engines/replay/find-schedule.ts';
import { findScheduleHere, type Searched } from '../src/engines/replay/find-schedule-here.ts';
import type { ReplayTask } from '../src/engines/replay/replay.ts';
import { type Replayed, replayHere } from '../src/engines/replay/replay-here.ts';
import type { SampleTask } from '../src/engines/sample/sample.ts';
import { type Sampled, sampleHere } from '../src/engines/sample/sample-here.ts';
import type { VerifyTask } from '../src/engines/verify/verify.ts';
import { type Verified, verifyHere } from '../src/engines/verify/verify-here.ts';

printToStderr();

/** One exploration of `verify`. */
export function verify(task: VerifyTask): Promise<ControlledReport<Verified>> {
  return inWorker(task, (spec, board) =>
    verifyHere(spec, {
      maxStates: task.maxStates,
      maxBytes: task.maxBytes,
      onProgress: ({ states, transitions, frontier, depth, bytes }) => {
        board.show([states, transitions, frontier, depth, bytes]);
        return !board.stopped;
      },
    }),
  );
}

/** One search of `sample`. */
export function sample(task: SampleTask): Promise<ControlledReport<Sampled>> {
  const { runs, strategy, seed } = task;
  return inWorker(task, (spec, board) =>
    sampleHere(spec, {
      runs,
      strategy,
      seed,
      onProgress: (schedules) => {
        board.show([schedules]);
        return !board.stopped;
      },
    }),
  );
}

/** One schedule of `replay`. */
export function replay(task: ReplayTask): Promise<ControlledReport<Replayed>> {
  return inWorker(task, (spec) => replayHere(spec, task.moves, task.expected));
}

/** A search for a schedule that breaks what a race broke. */
export function findSchedule(task: FindScheduleTask): Promise<ControlledReport<Searched>> {
  const { invariant, models, seed, seconds } = task;
  const from = performance.now();
  return inWorker(task, (spec, board) =>
    findScheduleHere(spec, {
      invariant,
      models,
      seed,
      goOn: (done) => {
        board.show([done]);
        return !board.stopped && performance.now() - from < seconds * 1000;
      },
    }),
  );
}
