import { isScenarioModule } from '../scenario-module.ts';
import { workerDeath } from '../worker-death.ts';
import { Board, type ControlledReport, type ControlledTask } from './task.ts';
import { giveBack, takeWorker } from './workers.ts';

/** Milliseconds between two looks at the worker. */
const LOOK = 50;
/** Milliseconds after which a program that has not come back counts as hung. */
const STALL = 4_000;
/** Milliseconds that a worker gets to stop by itself: an engine may be in the middle of a long piece of work. */
const GRACE = 400;
/** Watches one task on a worker of its own. Never hangs, never throws. */
export async function supervise<Task extends ControlledTask, Result>(
  task: Task,
  name: 'verify' | 'sample' | 'replay' | 'findSchedule',
  signal: AbortSignal | undefined,
  onLook: (board: Board, seconds: number) => void,
): Promise<ControlledReport<Result>> {
  const board = new Board(task.board);
  // A guest's or a scenario's module stays in the worker that has imported it.
  const isForeign = task.guest !== undefined || isScenarioModule(task.scenario);
  const worker = takeWorker(isForeign);
  let isDone = false;
  let deadline = Number.POSITIVE_INFINITY;
  const abort = (): void => {
    board.stop();
    deadline = performance.now() + GRACE;
  };
  signal?.addEventListener('abort', abort, { once: true });
  const from = performance.now();
  let pulses = -1;
  let since = from;
  try {
    if (signal?.aborted === true) abort();
    return await new Promise((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now();
        if (now > deadline) {
          clearInterval(timer);
          resolve({ kind: 'ended', seconds: (now - from) / 1000 });
        } else if (board.pulses !== pulses || !board.running) {
          pulses = board.pulses;
          since = now;
        } else if (now - since > STALL) {
          clearInterval(timer);
          resolve(hung(now - since));
        }
        onLook(board, (now - from) / 1000);
      }, LOOK);
      worker
        .run(task, { name })
        .catch((error: unknown): ControlledReport<never> => {
          const [code, message] = workerDeath(error);
          return { kind: 'failure', code, thread: 'worker', message };
        })
        .then((report) => {
          clearInterval(timer);
          isDone = report.kind === 'result';
          resolve(report as ControlledReport<Result>);
        });
    });
  } finally {
    signal?.removeEventListener('abort', abort);
    if (isDone && !isForeign) await giveBack(worker);
    else await worker.destroy();
  }
}

function hung(milliseconds: number): ControlledReport<never> {
  return {
    kind: 'failure',
    code: 'GUEST_HUNG',
    thread: 'guest',
    message: `Expected the program to come back within ${(milliseconds / 1000).toFixed(1)} s, but it did not. Does it loop for ever without touching memory?`,
  };
}
