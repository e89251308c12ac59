import { setTimeout as sleep } from 'node:timers/promises';
import { ROLES } from '../../guest/roles.ts';
import type { SharedMemory } from '../../memory/shared-memory.ts';
import { loadControl, storeControl, wakeAll } from '../../memory/wait.ts';
import type { FailureCode } from '../result.ts';
import { isScenarioModule } from '../scenario-module.ts';
import { workerDeath } from '../worker-death.ts';
import * as control from './control.ts';
import type { StressProgress } from './options.ts';
import { borrowPool, returnPool, type ThreadPool } from './pool.ts';
import { Stalls } from './stalls.ts';
import { stopEverybody } from './stop.ts';
import type { ThreadReport, ThreadTask } from './task.ts';
import { blocksOf, type ThreadBlock } from './thread-block.ts';

/** How the supervisor waits; tests inject a clock of their own. */
export interface SupervisorClock {
  /** Milliseconds, monotonic. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const REAL_CLOCK: SupervisorClock = {
  now: () => performance.now(),
  sleep: (milliseconds) => sleep(milliseconds),
};

/** Milliseconds between two looks at the threads. */
const LOOK = 20;
/** Milliseconds that a thread may go without finishing a step before it counts as hung. */
const STALL = 3_000;
/** The same at the end of a run, for a thread that is inside a role. */
const SHORT_STALL = 800;
/** More threads than cores wait for each other's time slices: so much more for each thread too many. */
const STALL_PER_WAITING_THREAD = 250;
/** Milliseconds that threads get to come to an end after a stop. */
const GRACE = 250;
/** Milliseconds that threads get to come to the end of a step, where their programs judge what is left. */
const DRAIN = 1_000;
/** Milliseconds that threads get to load and prepare. */
const PREPARE = 5_000;

export interface Supervision {
  readonly seconds: number;
  readonly canarySeconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: StressProgress) => void) | undefined;
  readonly clock?: SupervisorClock;
}

/** What came of a run: what each thread reported, and what only the supervisor saw. */
export interface Supervised {
  readonly reports: readonly (ThreadReport | undefined)[];
  readonly failure:
    | { readonly code: FailureCode; readonly thread: string; readonly message: string }
    | undefined;
  readonly interrupted: boolean;
  /** Seconds of racing. */
  readonly seconds: number;
  readonly canarySeconds: number;
}

/** Runs the tasks of one run to their end, however that comes about. Never hangs, never throws. */
export async function supervise(
  tasks: readonly ThreadTask[],
  names: readonly string[],
  memory: SharedMemory,
  supervision: Supervision,
): Promise<Supervised> {
  return new Supervisor(tasks, names, memory, supervision).run();
}

class Supervisor {
  readonly #tasks: readonly ThreadTask[];
  readonly #names: readonly string[];
  readonly #memory: SharedMemory;
  readonly #supervision: Supervision;
  readonly #clock: SupervisorClock;
  readonly #reports: (ThreadReport | undefined)[];
  readonly #control: control.ControlMap;
  readonly #blocks: readonly ThreadBlock[];
  #pool: ThreadPool | undefined;
  #failure: Supervised['failure'];
  #pending: number;
  #interrupted = false;
  /** Whether workers are ended that may yet have come to their end. */
  #cutShort = false;

  constructor(
    tasks: readonly ThreadTask[],
    names: readonly string[],
    memory: SharedMemory,
    supervision: Supervision,
  ) {
    this.#tasks = tasks;
    this.#names = names;
    this.#memory = memory;
    this.#supervision = supervision;
    this.#clock = supervision.clock ?? REAL_CLOCK;
    this.#reports = tasks.map(() => undefined);
    this.#control = tasks[0]!.control;
    this.#blocks = blocksOf(memory, this.#control, tasks.length);
    this.#pending = tasks.length;
  }

  async run(): Promise<Supervised> {
    const pool = borrowPool(this.#tasks.length);
    this.#pool = pool;
    const runs = this.#tasks.map((task, index) => this.#watch(pool.run(task), index));
    let seconds = 0;
    let canarySeconds = 0;
    if (await this.#reach(control.THREAD_READY, PREPARE, 'starting')) {
      canarySeconds = await this.#measure();
      seconds = await this.#race();
    }
    await this.#end(runs);
    return {
      reports: this.#reports,
      failure: this.#failure,
      interrupted: this.#interrupted,
      seconds,
      canarySeconds,
    };
  }

  /** Takes a thread's report in, or what its worker died of. */
  async #watch(run: Promise<ThreadReport>, index: number): Promise<void> {
    try {
      this.#reports[index] = await run;
    } catch (error) {
      if (!this.#cutShort) this.#fail(index, ...workerDeath(error));
      this.#stop();
    } finally {
      this.#pending--;
    }
  }

  /** Waits until all threads are in `state` or past it; false if the run is over before. */
  async #reach(
    state: number,
    milliseconds: number,
    phase: StressProgress['phase'],
  ): Promise<boolean> {
    const deadline =
      this.#clock.now() + milliseconds + this.#tasks.length * STALL_PER_WAITING_THREAD;
    while (!this.#over()) {
      const late = this.#blocks.findIndex((block) => block.state < state);
      if (late < 0) return true;
      if (this.#clock.now() > deadline) {
        this.#hung(late, milliseconds);
        return false;
      }
      this.#progress(phase, 0);
      await this.#clock.sleep(1);
    }
    return false;
  }

  async #measure(): Promise<number> {
    const from = this.#clock.now();
    this.#phase(control.PHASE_CANARY);
    const until = from + this.#supervision.canarySeconds * 1000;
    while (!this.#over() && this.#clock.now() < until) {
      this.#progress('measuring', 0);
      await this.#clock.sleep(Math.min(LOOK, until - this.#clock.now()));
    }
    storeControl(this.#memory, this.#control.canaryStop, 1);
    const seconds = (this.#clock.now() - from) / 1000;
    await this.#reach(control.THREAD_MEASURED, PREPARE, 'measuring');
    return seconds;
  }

  async #race(): Promise<number> {
    if (this.#over()) return 0;
    const from = this.#clock.now();
    this.#phase(control.PHASE_RACE);
    const until = from + this.#supervision.seconds * 1000;
    const stall = STALL + this.#waitingThreads() * STALL_PER_WAITING_THREAD;
    const stalls = new Stalls(this.#blocks, from);
    const own = isScenarioModule(this.#tasks[0]!.scenario);
    const linger = Math.min(SHORT_STALL, (until - from) / 2);
    const goesOn = (): boolean => {
      const now = this.#clock.now();
      if (now < until) return true;
      // Nobody knows a scenario of the user's to come to an end: who has been at a step for long is waited for.
      return own && stalls.stuck(now, linger) >= 0;
    };
    const raced = (): boolean =>
      loadControl(this.#memory, this.#control.phase) >= control.PHASE_END;
    while (!this.#over() && !raced() && goesOn()) {
      const now = this.#clock.now();
      this.#progress('racing', (now - from) / 1000);
      const stuck = stalls.stuck(now, stall);
      if (stuck >= 0) this.#hung(stuck, stall);
      await this.#clock.sleep(Math.max(1, Math.min(LOOK, Math.abs(until - this.#clock.now()))));
    }
    // A run that ends early still names who was stuck by then.
    const now = this.#clock.now();
    const stuck = this.#over()
      ? -1
      : stalls.stuck(now, Math.min(stall, SHORT_STALL + stall - STALL));
    if (stuck >= 0 && this.#blocks[stuck]!.role !== 0) this.#hung(stuck, now - stalls.since(stuck));
    if (!this.#over()) await this.#finish();
    this.#stop();
    return (now - from) / 1000;
  }

  /** Where programs judge what is left, everybody comes to the end of a step first, and nobody is stopped in one. */
  async #finish(): Promise<void> {
    if (!this.#blocks.some(({ finishes }) => finishes)) return;
    this.#phase(control.PHASE_END);
    const patience = STALL + this.#waitingThreads() * STALL_PER_WAITING_THREAD;
    // Who waits for a thread that is past its last step never comes to the end of its own.
    if (!(await this.#allPast(control.THREAD_RACED, DRAIN))) return;
    this.#phase(control.PHASE_FINISH);
    if (await this.#allPast(control.THREAD_DONE, patience)) return;
    const late = this.#blocks.findIndex(({ state }) => state < control.THREAD_DONE);
    if (!this.#over() && late >= 0) this.#hung(late, patience);
  }

  /** Whether all threads come to a state in time. */
  async #allPast(state: number, milliseconds: number): Promise<boolean> {
    const deadline = this.#clock.now() + milliseconds;
    while (this.#blocks.some((block) => block.state < state)) {
      if (this.#failure !== undefined || this.#clock.now() > deadline) return false;
      await this.#clock.sleep(1);
    }
    return true;
  }

  /** Stops whoever still runs, first by the stop word, then by ending the workers. */
  async #end(runs: readonly Promise<void>[]): Promise<void> {
    this.#stop();
    this.#progress('stopping', 0);
    const all = Promise.all(runs);
    const least = this.#interrupted ? SHORT_STALL : GRACE;
    const grace = least + this.#waitingThreads() * STALL_PER_WAITING_THREAD;
    const deadline = this.#clock.now() + grace;
    while (this.#pending > 0 && this.#clock.now() < deadline) {
      await Promise.race([all, this.#clock.sleep(5)]);
    }
    if (this.#pending === 0 && this.#failure === undefined) {
      await returnPool(this.#pool!);
      return;
    }
    const stuck = this.#blocks.findIndex(({ state }) => state !== control.THREAD_DONE);
    // Who was interrupted while getting ready may just have a slow start.
    this.#cutShort =
      this.#interrupted && this.#blocks.some(({ state }) => state < control.THREAD_READY);
    if (stuck >= 0 && this.#failure === undefined && !this.#cutShort) this.#hung(stuck, grace);
    await this.#pool!.destroy();
    await all;
  }

  #over(): boolean {
    if (this.#supervision.signal?.aborted === true) this.#interrupted = true;
    return (
      this.#interrupted ||
      this.#failure !== undefined ||
      this.#pending === 0 ||
      loadControl(this.#memory, this.#control.stop) !== 0
    );
  }

  #hung(index: number, milliseconds: number): void {
    const { role, state } = this.#blocks[index]!;
    const where = role === 0 ? 'its step' : `the role ${ROLES[role - 1]!.name}`;
    const what = state < control.THREAD_READY ? 'getting ready' : where;
    this.#fail(
      index,
      'GUEST_HUNG',
      `Expected ${this.#names[index]} to finish ${what} within ${(milliseconds / 1000).toFixed(1)} s, but it did not return. Does it loop for ever, or wait for something that never comes?`,
    );
    this.#stop();
  }

  #fail(index: number, code: FailureCode, message: string): void {
    this.#failure ??= { code, thread: this.#names[index]!, message };
  }

  #stop(): void {
    const { map, machine } = this.#tasks[0]!;
    stopEverybody(this.#memory, this.#control, map, machine.vcpus);
  }

  #phase(phase: number): void {
    storeControl(this.#memory, this.#control.phase, phase);
    wakeAll(this.#memory, this.#control.phase);
  }

  #progress(phase: StressProgress['phase'], elapsed: number): void {
    this.#supervision.onProgress?.({
      scenario: this.#tasks[0]!.scenario,
      phase,
      elapsed,
      total: this.#supervision.seconds,
      operations: this.#blocks.reduce((sum, block) => sum + block.operations, 0),
    });
  }

  #waitingThreads(): number {
    return Math.max(0, this.#tasks.length - this.#tasks[0]!.cores);
  }
}
