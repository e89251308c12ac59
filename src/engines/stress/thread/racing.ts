import type { SharedMemory } from '../../../memory/shared-memory.ts';
import { Barrier, pause, spinBudget, storeControl } from '../../../memory/wait.ts';
import type { Scenario } from '../../../scenarios/scenario.ts';
import { PHASE_END } from '../control.ts';
import { stopEverybody } from '../stop.ts';
import type { ThreadTask } from '../task.ts';
import { blocksOf, type ThreadBlock } from '../thread-block.ts';
import type { BuiltThread } from './build.ts';
import { Latencies } from './latencies.ts';

/** Steps between two looks at the stop word, and two publications of the counters. */
const STRIDE = 64;
/** The same for a run that is measured. */
const QUIET_STRIDE = 256;

/** Steps of a vCPU from the start of a stride to its delay, at most: any step of the first few calls. */
const STEPS_PER_DELAY = 64;

/** A thread starts one round in so many late, by at most 2 to so many spins. */
const ROUNDS_PER_LATE_START = 8;
const MOST_LATE_BITS = 13;

/** The steps of one thread's program, one after the other, until somebody stops them or enough are done. */
export class Racing {
  readonly #task: ThreadTask;
  readonly #scenario: Scenario;
  readonly #memory: SharedMemory;
  readonly #block: ThreadBlock;
  readonly #thread: BuiltThread;
  /** Times of single steps, of a run that is measured. */
  latencies: Latencies | undefined;

  constructor(
    task: ThreadTask,
    scenario: Scenario,
    memory: SharedMemory,
    block: ThreadBlock,
    thread: BuiltThread,
  ) {
    this.#task = task;
    this.#scenario = scenario;
    this.#memory = memory;
    this.#block = block;
    this.#thread = thread;
  }

  run(): void {
    const { cpu } = this.#thread;
    const { rounds } = this.#scenario;
    cpu?.start();
    if (rounds !== undefined) this.#inRounds(rounds.instances);
    else if (this.#task.quiet) this.#quietly();
    else this.#freely();
    cpu?.finish();
  }

  #freely(): void {
    const { cpu, program, random } = this.#thread;
    const { stopped } = this.#block;
    const most = this.#task.operations === 0 ? Number.POSITIVE_INFINITY : this.#task.operations;
    let done = false;
    while (!stopped() && !this.#block.ends) {
      // A thread that has done its share goes on: others may wait for what it does.
      if (!done && this.#block.operations >= most) {
        done = true;
        this.#shareDone();
      }
      cpu?.delayAfter(1 + random.below(STEPS_PER_DELAY));
      this.#writeMsr();
      for (let i = 0; i < STRIDE; i++) program.step(0);
      this.#count(STRIDE);
    }
  }

  /** Tells that this thread has done its share; the last one ends the run. */
  #shareDone(): void {
    const { control, map, machine, threads } = this.#task;
    if (this.#memory.lockAdd32(control.finished, 1) + 1 < threads) return;
    if (blocksOf(this.#memory, control, threads).some(({ finishes }) => finishes)) {
      storeControl(this.#memory, control.phase, PHASE_END);
      return;
    }
    stopEverybody(this.#memory, control, map, machine.vcpus);
  }

  /** Nothing but steps, and the time of one of them now and then. */
  #quietly(): void {
    const { program } = this.#thread;
    const { stopped } = this.#block;
    const latencies = new Latencies();
    this.latencies = latencies;
    while (!stopped()) {
      for (let i = 0; i < QUIET_STRIDE; i++) program.step(0);
      latencies.time(program);
      this.#count(QUIET_STRIDE + 1);
    }
  }

  /** One of the machine's MSR writes, in turn: a guest does other things besides its story. */
  #writeMsr(): void {
    const { msrWrites } = this.#task.machine;
    const { cpu } = this.#thread;
    if (cpu?.id !== 0 || msrWrites.length === 0) return;
    const { index, value } = msrWrites[(this.#block.operations / STRIDE) % msrWrites.length]!;
    cpu.wrmsrSafe(index, value);
  }

  #inRounds(instances: number): void {
    const { control, threads, cores, quiet, operations } = this.#task;
    const { program, random } = this.#thread;
    const { stopped } = this.#block;
    const spins = spinBudget(threads, cores);
    const barrier = new Barrier(this.#memory, control.roundBarrier, threads, spins, stopped);
    while (barrier.arrive()) {
      if (!quiet && random.below(ROUNDS_PER_LATE_START) === 0) this.#startLate();
      for (let i = 0; i < instances; i++) program.step(i);
      if (!barrier.arrive()) return;
      if (program.judge !== undefined) {
        for (let i = 0; i < instances; i++) program.judge(i);
      }
      this.#count(instances);
      if (operations !== 0 && this.#block.operations >= operations) return;
    }
  }

  /**
   * Lets a random while pass before a round: threads whose steps take different times then meet at
   * another instance each time, and not only at the first.
   */
  #startLate(): void {
    const { random } = this.#thread;
    const most = 1 << random.below(MOST_LATE_BITS);
    for (let spins = random.below(most); spins > 0; spins--) pause();
  }

  #count(steps: number): void {
    // A violation that somebody's catch swallowed still ends the run.
    if (this.#thread.violation !== undefined) throw this.#thread.violation;
    this.#block.operations += steps;
  }
}
