import { RunStopped } from '../../../cpu/faults.ts';
import { referenceGuest } from '../../../guest/reference.ts';
import { openSharedMemory, type SharedMemory } from '../../../memory/shared-memory.ts';
import type { Scenario, ThreadSpec } from '../../../scenarios/scenario.ts';
import { findMutant } from '../../../zoo/index.ts';
import { loadGuest } from '../../guest-module.ts';
import { loadScenario } from '../../scenario-module.ts';
import { ViolationFound } from '../../violation.ts';
import { runCanary } from '../canary.ts';
import {
  PHASE_CANARY,
  PHASE_FINISH,
  PHASE_RACE,
  THREAD_DONE,
  THREAD_MEASURED,
  THREAD_PREPARING,
  THREAD_RACED,
  THREAD_RACING,
  THREAD_READY,
} from '../control.ts';
import { stopEverybody } from '../stop.ts';
import type { ThreadReport, ThreadTask } from '../task.ts';
import { ThreadBlock } from '../thread-block.ts';
import { BuiltThread } from './build.ts';
import { endedBy } from './ended-by.ts';
import { Racing } from './racing.ts';

/** Becomes one thread of a run: builds it, waits for the start, races, and tells how it ended. */
export async function raceThread(task: ThreadTask): Promise<ThreadReport> {
  const scenario = await loadScenario(task.scenario);
  const memory = openSharedMemory(task.memory, task.access);
  const run = new Run(task, scenario, memory);
  try {
    await run.prepare();
    run.measure();
    run.race();
    run.finish();
    return run.report({ kind: 'finished' });
  } catch (error) {
    if (error instanceof RunStopped) return run.report({ kind: 'finished' });
    const report = run.explain(error);
    stopEverybody(memory, task.control, task.map, task.machine.vcpus);
    return report;
  } finally {
    run.close();
  }
}

/** What every report has, whatever it ends with. */
type ReportCommon = 'thread' | 'canaryUpdates' | 'latencies' | 'tscSamples';

type Ending =
  | { readonly kind: 'finished' }
  | Omit<Extract<ThreadReport, { kind: 'violation' }>, ReportCommon>
  | Omit<Extract<ThreadReport, { kind: 'failure' }>, ReportCommon>;

/** One thread's way through the phases of a run. */
class Run {
  readonly #task: ThreadTask;
  readonly #scenario: Scenario;
  readonly #memory: SharedMemory;
  readonly #block: ThreadBlock;
  readonly #spec: ThreadSpec;
  #thread: BuiltThread | undefined;
  #racing: Racing | undefined;
  #canaryUpdates = 0;

  constructor(task: ThreadTask, scenario: Scenario, memory: SharedMemory) {
    this.#task = task;
    this.#scenario = scenario;
    this.#memory = memory;
    this.#block = new ThreadBlock(memory, task.control, task.index);
    this.#spec = scenario.threads(task.machine)[task.index]!;
  }

  /** Loads whatever replaces the reference, and builds the thread. */
  async prepare(): Promise<void> {
    const { mutant: id, guest: module } = this.#task;
    const mutant = id === undefined ? undefined : findMutant(id);
    const guest = module === undefined ? {} : await loadGuest(module, mutant);
    this.#block.tell(THREAD_PREPARING);
    this.#thread = new BuiltThread(
      this.#task,
      this.#scenario,
      this.#spec,
      this.#memory,
      this.#block,
      { ...referenceGuest, ...mutant?.roles, ...guest },
      { ...this.#scenario.host, ...mutant?.host },
    );
  }

  /** Waits for everybody, then runs the canary if this is one of its two threads. */
  measure(): void {
    const { index, quiet, control } = this.#task;
    this.#block.finishes = this.#finishes;
    this.#block.tell(THREAD_READY);
    this.#block.awaitPhase(PHASE_CANARY);
    if (index < 2 && !quiet)
      this.#canaryUpdates = runCanary(this.#memory, control, this.#thread!.noise);
    this.#block.tell(THREAD_MEASURED);
    this.#block.awaitPhase(PHASE_RACE);
  }

  /** Runs the program until it is stopped or has done its operations. */
  race(): void {
    this.#block.tell(THREAD_RACING);
    const thread = this.#thread!;
    this.#racing = new Racing(this.#task, this.#scenario, this.#memory, this.#block, thread);
    this.#racing.run();
  }

  /** After its last step: waits until all are past theirs, and judges what is left. */
  finish(): void {
    this.#block.tell(THREAD_RACED);
    if (!this.#finishes) return;
    this.#block.awaitPhase(PHASE_FINISH);
    this.#thread!.program.finish!();
  }

  get #finishes(): boolean {
    return this.#thread!.program.finish !== undefined && this.#scenario.rounds === undefined;
  }

  /** Turns whatever ended the thread into data. */
  explain(error: unknown): ThreadReport {
    if (error instanceof ViolationFound) {
      const order = this.#memory.lockAdd32(this.#task.control.claims, 1);
      const { invariant, message, evidence } = error;
      return this.report({ kind: 'violation', invariant, message, evidence, order });
    }
    return this.report({
      kind: 'failure',
      ...endedBy(error, this.#block.role, this.#task.scenario),
    });
  }

  report(ending: Ending): ThreadReport {
    return {
      ...ending,
      thread: this.#spec.name,
      canaryUpdates: this.#canaryUpdates,
      latencies: this.#racing?.latencies?.nanoseconds ?? [],
      tscSamples: this.#thread?.cpu?.sampled ?? 0,
    };
  }

  close(): void {
    this.#block.tell(THREAD_DONE);
  }
}
