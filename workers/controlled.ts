import { inWorker } from '../src/engines/controlled/in-worker.ts';
import type { ControlledReport } from '../src/engines/controlled/task.ts';
import type { VerifyTask } from '../src/engines/verify/verify.ts';
import { type Verified, verifyHere } from '../src/engines/verify/verify-here.ts';

/** One exploration of `verify`. */
export function verify(task: VerifyTask): Promise<ControlledReport<Verified>> {
  return inWorker(task, (spec, board) =>
    verifyHere(spec, {
      maxStates: task.maxStates,
      maxBytes: task.maxBytes,
      onProgress: ({ states, transitions, frontier, depth, bytes }) => {
        board.pulse();
        board.show([states, transitions, frontier, depth, bytes]);
        return !board.stopped;
      },
    }),
  );
}
