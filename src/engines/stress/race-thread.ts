import { RunStopped } from '../../cpu/faults.ts';
import { Noise } from '../../cpu/noise.ts';
import { NoisyMemory } from '../../cpu/noisy-memory.ts';
import { ThreadHostCpu } from '../../cpu/thread-host-cpu.ts';
import { PlainThreadVcpu, ThreadVcpu } from '../../cpu/thread-vcpu.ts';
import { MonotonicTick, SharedTick, StillTick, type TimeSource } from '../../cpu/time-source.ts';
import { referenceGuest } from '../../guest/reference.ts';
import { type GuestRoles, ROLES } from '../../guest/roles.ts';
import { referenceHost } from '../../host/host-ops.ts';
import { Kvm } from '../../host/kvm.ts';
import { KvmVcpu } from '../../host/kvm-vcpu.ts';
import { VCPU, VM } from '../../host/records.ts';
import { UnbackedGpa } from '../../memory/errors.ts';
import { Memslots } from '../../memory/memslots.ts';
import { AtomicMemory, openSharedMemory, type SharedMemory } from '../../memory/shared-memory.ts';
import {
  Barrier,
  loadControl,
  pause,
  spinBudget,
  storeControl,
  waitWhile,
} from '../../memory/wait.ts';
import { MAX_OUTCOMES } from '../../scenarios/check-definition.ts';
import { checkedProgram } from '../../scenarios/check-threads.ts';
import { instrumented } from '../../scenarios/instrumented.ts';
import type { InvariantId } from '../../scenarios/invariants.ts';
import { Ledger } from '../../scenarios/ledger.ts';
import { hashSeed, Random } from '../../scenarios/random.ts';
import type {
  HostThread,
  Mutant,
  Program,
  Scenario,
  ThreadSpec,
  VcpuThread,
} from '../../scenarios/scenario.ts';
import { findMutant } from '../../zoo/index.ts';
import { checkedRoles, RoleReturned } from '../checked-roles.ts';
import { checkedOutcome, checkViolation } from '../checked-thread.ts';
import { GuestModuleError, loadGuest } from '../guest-module.ts';
import { withPlace } from '../place-of.ts';
import type { FailureCode } from '../result.ts';
import { isScenarioModule, loadScenario } from '../scenario-module.ts';
import { ViolationFound } from '../violation.ts';
import { runCanary } from './canary.ts';
import * as control from './control.ts';
import { idler } from './idle.ts';
import { Latencies } from './latencies.ts';
import { stopEverybody } from './stop.ts';
import type { ThreadReport, ThreadTask } from './task.ts';

/** Steps between two looks at the stop word, and two publications of the counters. */
const STRIDE = 64;
/** The same for a run that is measured. */
const QUIET_STRIDE = 256;

/** Steps of a vCPU from the start of a stride to its delay, at most: any step of the first few calls. */
const STEPS_PER_DELAY = 64;

/** A thread starts one round in so many late, by at most 2 to so many spins. */
const ROUNDS_PER_LATE_START = 8;
const MOST_LATE_BITS = 13;

/** How long a thread sleeps at a time while it waits for the supervisor. */
const PHASE_MILLISECONDS = 10;

/** Becomes one thread of a run: builds it, waits for the start, races, and tells how it ended. */
export async function raceThread(task: ThreadTask): Promise<ThreadReport> {
  const scenario = await loadScenario(task.scenario);
  const mutant = task.mutant === undefined ? undefined : findMutant(task.mutant);
  const spec = scenario.threads(task.machine)[task.index]!;
  const memory = openSharedMemory(task.memory, task.access);
  const run = new RaceThread(task, scenario, spec, memory);
  try {
    const guest = task.guest === undefined ? {} : await loadGuest(task.guest);
    run.prepare({ ...referenceGuest, ...mutant?.roles, ...guest }, mutant);
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

class RaceThread {
  readonly #task: ThreadTask;
  readonly #scenario: Scenario;
  readonly #spec: ThreadSpec;
  readonly #memory: SharedMemory;
  readonly #block: number;
  readonly #counts: Float64Array;
  readonly #operationCount: Float64Array;
  readonly #stopped: () => boolean;
  readonly #random: Random;
  readonly #noise: Noise;
  #violation: ViolationFound | undefined;
  #cpu: ThreadVcpu | undefined;
  #program: Program | undefined;
  #canaryUpdates = 0;
  #operations = 0;
  #latencies: Latencies | undefined;

  constructor(task: ThreadTask, scenario: Scenario, spec: ThreadSpec, memory: SharedMemory) {
    this.#task = task;
    this.#scenario = scenario;
    this.#spec = spec;
    this.#memory = memory;
    this.#block = task.control.threads + task.index * control.THREAD_BYTES;
    this.#counts = new Float64Array(
      memory.u8.buffer,
      this.#block + control.THREAD_OUTCOMES,
      MAX_OUTCOMES,
    );
    this.#operationCount = new Float64Array(
      memory.u8.buffer,
      this.#block + control.THREAD_OPERATIONS,
      1,
    );
    this.#random = new Random(hashSeed(task.seed, scenario.name, task.index));
    const noise = new Random(hashSeed(task.seed, 'noise', task.index));
    this.#noise = new Noise(noise, memory, task.control.stop);
    this.#stopped = () => loadControl(memory, task.control.stop) !== 0;
  }

  /** Builds the thread's world and lets the scenario set its part of the guest up. */
  prepare(roles: GuestRoles, mutant: Mutant | undefined): void {
    this.#state(control.THREAD_PREPARING);
    const { machine, map, control: where } = this.#task;
    const memory = this.#memory;
    const slots = new Memslots(memory, map.memslotTable);
    const random = this.#random;
    const noise = this.#noise;
    const host = new ThreadHostCpu(
      this.#task.quiet ? memory : new NoisyMemory(memory, noise),
      memory,
      slots,
      timeSource(this.#task, memory),
      where.stop,
      random,
      map.vm + VM.tick,
    );
    const ops = { ...referenceHost, ...this.#scenario.host, ...mutant?.host };
    const thread: Record<string, unknown> & { kvm?: Kvm } = {
      name: this.#spec.name,
      machine,
      random,
      ledger: new Ledger(
        new AtomicMemory(this.#task.memory),
        where.ledger,
        this.#scenario.ledgerBytes,
      ),
      idle: idler(this.#task, memory, random),
      outcome: this.#outcomeCounter(),
      violated: (
        invariant: InvariantId,
        message: string,
        evidence: readonly string[] = [],
      ): never => {
        checkViolation(this.#scenario, invariant, message, evidence);
        this.#violation ??= new ViolationFound(invariant, message, evidence);
        throw this.#violation;
      },
    };
    const wrapped = instrumented(this.#scenario, ops, thread as unknown as HostThread);
    const kvm = new Kvm(host, wrapped, map.vm);
    thread.kvm = kvm;
    if (this.#spec.vcpu === undefined) {
      this.#program = this.#checked(this.#spec.start(thread as unknown as HostThread));
      return;
    }
    const vcpu = kvm.vcpu(this.#spec.vcpu);
    const hypervisor = new KvmVcpu(kvm, vcpu);
    // Plain accesses have a flattened port; an exit at any step needs the one that counts steps.
    const Port =
      this.#task.access === 'plain' && !machine.exitsAnywhere ? PlainThreadVcpu : ThreadVcpu;
    const cpu = new Port(
      this.#spec.vcpu,
      memory,
      host,
      slots,
      hypervisor,
      vcpu + VCPU.kick,
      random,
      noise,
    );
    this.#cpu = cpu;
    thread.cpu = cpu;
    thread.vcpu = vcpu;
    thread.roles = this.#task.quiet
      ? roles
      : checkedRoles(roles, memory.i32, (this.#block + control.THREAD_ROLE) >>> 2, host);
    hypervisor.load();
    cpu.start();
    this.#program = this.#checked(this.#spec.start(thread as unknown as VcpuThread));
    cpu.finish();
  }

  #checked(program: unknown): Program {
    return checkedProgram(program, this.#spec.name);
  }

  #outcomeCounter(): (outcome: number) => void {
    const count = (outcome: number): void => {
      this.#counts[outcome]!++;
    };
    return isScenarioModule(this.#task.scenario) ? checkedOutcome(this.#scenario, count) : count;
  }

  /** Tells whether its program has something to say at the end. */
  #tellFinish(): void {
    const finishes = this.#program?.finish !== undefined && this.#scenario.rounds === undefined;
    storeControl(this.#memory, this.#block + control.THREAD_FINISHES, finishes ? 1 : 0);
  }

  /** Waits for everybody, then runs the canary if this is one of its two threads. */
  measure(): void {
    this.#tellFinish();
    this.#state(control.THREAD_READY);
    this.#awaitPhase(control.PHASE_CANARY);
    if (this.#task.index < 2 && !this.#task.quiet) {
      this.#canaryUpdates = runCanary(this.#memory, this.#task.control, this.#noise);
    }
    this.#state(control.THREAD_MEASURED);
    this.#awaitPhase(control.PHASE_RACE);
  }

  /** Runs the program until it is stopped or has done its operations. */
  race(): void {
    this.#state(control.THREAD_RACING);
    this.#cpu?.start();
    if (this.#task.quiet && this.#scenario.rounds === undefined) this.#raceQuietly();
    else if (this.#scenario.rounds === undefined) this.#raceFreely();
    else this.#raceInRounds(this.#scenario.rounds.instances);
    this.#cpu?.finish();
  }

  #raceFreely(): void {
    const program = this.#program!;
    const most = this.#task.operations === 0 ? Number.POSITIVE_INFINITY : this.#task.operations;
    let done = false;
    while (!this.#stopped() && !this.#ends()) {
      // A thread that has done its share goes on: others may wait for what it does.
      if (!done && this.#operations >= most) {
        done = true;
        this.#shareDone();
      }
      this.#cpu?.delayAfter(1 + this.#random.below(STEPS_PER_DELAY));
      this.#writeMsr();
      for (let i = 0; i < STRIDE; i++) program.step(0);
      this.#count(STRIDE);
    }
  }

  /** After its last step: waits until all are past theirs, and judges what is left. */
  finish(): void {
    this.#state(control.THREAD_RACED);
    const program = this.#program!;
    if (program.finish === undefined || this.#scenario.rounds !== undefined) return;
    this.#awaitPhase(control.PHASE_FINISH);
    program.finish();
  }

  #ends(): boolean {
    return loadControl(this.#memory, this.#task.control.phase) >= control.PHASE_END;
  }

  /** Tells that this thread has done its share; the last one ends the run. */
  #shareDone(): void {
    const { control: where, map, machine, threads } = this.#task;
    if (this.#memory.lockAdd32(where.finished, 1) + 1 < threads) return;
    if (control.anyFinishes(this.#memory, where, threads)) {
      storeControl(this.#memory, where.phase, control.PHASE_END);
      return;
    }
    stopEverybody(this.#memory, where, map, machine.vcpus);
  }

  /** Nothing but steps, and the time of one of them now and then. */
  #raceQuietly(): void {
    const program = this.#program!;
    const latencies = new Latencies();
    this.#latencies = latencies;
    while (!this.#stopped()) {
      for (let i = 0; i < QUIET_STRIDE; i++) program.step(0);
      latencies.time(program);
      this.#count(QUIET_STRIDE + 1);
    }
  }

  /** One of the machine's MSR writes, in turn: a guest does other things besides its story. */
  #writeMsr(): void {
    const { msrWrites } = this.#task.machine;
    if (this.#cpu?.id !== 0 || msrWrites.length === 0) return;
    const { index, value } = msrWrites[(this.#operations / STRIDE) % msrWrites.length]!;
    this.#cpu.wrmsrSafe(index, value);
  }

  #raceInRounds(instances: number): void {
    const { control: where, threads, cores } = this.#task;
    const program = this.#program!;
    const spins = spinBudget(threads, cores);
    const barrier = new Barrier(this.#memory, where.roundBarrier, threads, spins, this.#stopped);
    while (barrier.arrive()) {
      if (!this.#task.quiet && this.#random.below(ROUNDS_PER_LATE_START) === 0) this.#startLate();
      for (let i = 0; i < instances; i++) program.step(i);
      if (!barrier.arrive()) return;
      if (program.judge !== undefined) {
        for (let i = 0; i < instances; i++) program.judge(i);
      }
      this.#count(instances);
      if (this.#task.operations !== 0 && this.#operations >= this.#task.operations) return;
    }
  }

  /**
   * Lets a random while pass before a round: threads whose steps take different times then meet at
   * another instance each time, and not only at the first.
   */
  #startLate(): void {
    const most = 1 << this.#random.below(MOST_LATE_BITS);
    for (let spins = this.#random.below(most); spins > 0; spins--) pause();
  }

  #count(steps: number): void {
    // A violation that somebody's catch swallowed still ends the run.
    if (this.#violation !== undefined) throw this.#violation;
    this.#operations += steps;
    this.#operationCount[0] = this.#operations;
  }

  /** Turns whatever ended the thread into data. */
  explain(error: unknown): ThreadReport {
    if (error instanceof ViolationFound) {
      const order = this.#memory.lockAdd32(this.#task.control.claims, 1);
      const { invariant, message, evidence } = error;
      return this.report({ kind: 'violation', invariant, message, evidence, order });
    }
    return this.report({ kind: 'failure', ...this.#failure(error) });
  }

  #failure(error: unknown): {
    code: FailureCode;
    message: string;
  } {
    const message = error instanceof Error ? `${error.message}` : String(error);
    if (error instanceof GuestModuleError) return { code: 'GUEST_LOAD', message };
    if (error instanceof RoleReturned) return { code: 'GUEST_RETURNED', message };
    if (error instanceof UnbackedGpa) return { code: 'GUEST_UNBACKED_GPA', message };
    const role = loadControl(this.#memory, this.#block + control.THREAD_ROLE);
    const name = error instanceof Error ? error.name : 'thrown value';
    const what = error instanceof Error ? withPlace(error) : message;
    if (role !== 0) {
      return {
        code: 'GUEST_THREW',
        message: `Expected the role ${ROLES[role - 1]!.name} to return, but it threw ${name}: ${what}.`,
      };
    }
    if (isScenarioModule(this.#task.scenario)) {
      return {
        code: 'SCENARIO_THREW',
        message: `Expected the scenario's program to return, but it threw ${name}: ${what}.`,
      };
    }
    const stack = error instanceof Error ? (error.stack ?? message) : message;
    return { code: 'HARNESS', message: stack };
  }

  report(ending: Ending): ThreadReport {
    return {
      ...ending,
      thread: this.#spec.name,
      canaryUpdates: this.#canaryUpdates,
      latencies: this.#latencies?.nanoseconds ?? [],
      tscSamples: this.#cpu?.sampled ?? 0,
    };
  }

  close(): void {
    this.#state(control.THREAD_DONE);
  }

  #state(state: number): void {
    storeControl(this.#memory, this.#block + control.THREAD_STATE, state);
  }

  #awaitPhase(phase: number): void {
    const { phase: word } = this.#task.control;
    for (;;) {
      if (this.#stopped()) throw new RunStopped();
      const now = loadControl(this.#memory, word);
      if (now >= phase) return;
      waitWhile(this.#memory, word, now, PHASE_MILLISECONDS);
    }
  }
}

function timeSource(task: ThreadTask, memory: SharedMemory): TimeSource {
  const tick = task.map.vm + VM.tick;
  if (task.machine.timeSource === 'shared-tick') return new SharedTick(memory, tick);
  if (task.machine.timeSource === 'still-tick') return new StillTick(memory, tick);
  return new MonotonicTick(task.machine.hostTscKhz);
}
