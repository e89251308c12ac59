import { RunStopped } from '../../cpu/faults.ts';
import type { GuestRoles } from '../../guest/roles.ts';
import { ROLES } from '../../guest/roles.ts';
import type { HostOps } from '../../host/host-ops.ts';
import { Kvm } from '../../host/kvm.ts';
import { KvmVcpu } from '../../host/kvm-vcpu.ts';
import { VCPU } from '../../host/records.ts';
import { UnbackedGpa } from '../../memory/errors.ts';
import { Memslots } from '../../memory/memslots.ts';
import { checkedProgram } from '../../scenarios/check-threads.ts';
import { instrumented } from '../../scenarios/instrumented.ts';
import type { InvariantId } from '../../scenarios/invariants.ts';
import { Ledger } from '../../scenarios/ledger.ts';
import type {
  HostThread,
  Program,
  Scenario,
  ThreadSpec,
  VcpuThread,
} from '../../scenarios/scenario.ts';
import { checkedRoles, RoleReturned } from '../checked-roles.ts';
import { checkedOutcome, checkViolation } from '../checked-thread.ts';
import { withPlace } from '../place-of.ts';
import type { FailureCode } from '../result.ts';
import { ViolationFound } from '../violation.ts';
import { DrainingHypervisor } from './draining-hypervisor.ts';
import { AbortSwallowed, NotDeterministic, PortExhausted, Unanswered } from './faults.ts';
import { HostCalls } from './host-calls.ts';
import type { Instance } from './instance.ts';
import { RecordedHostCpu } from './recorded-host-cpu.ts';
import { RecordedMemory } from './recorded-memory.ts';
import { RecordedVcpu } from './recorded-vcpu.ts';
import type { Recorder } from './recorder.ts';
import { SharingGrew } from './sharing.ts';
import { STEP_CHOOSE, STEP_MEET } from './step.ts';

/** How one run of a program ended. */
export type Ending =
  | { readonly kind: 'pending' }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'violation';
      readonly invariant: InvariantId;
      readonly message: string;
      readonly evidence: readonly string[];
    };

/** The program under test, or the harness, failed. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed';
  readonly code: FailureCode;
  readonly thread: string;
  constructor(code: FailureCode, thread: string, message: string) {
    super(message);
    this.code = code;
    this.thread = thread;
  }
}

/** Choices of more than so many possibilities are explored at their ends only. */
const ALL_CHOICES = 3;

/** What is replaced in a scenario: a twin's host operations, a twin's or a user's roles. */
export interface Replacements {
  readonly roles: GuestRoles;
  readonly host: HostOps;
}

/** One thread of a scenario as a program that can be run from its start, again and again. */
export class ThreadProgram {
  readonly name: string;
  readonly #scenario: Scenario;
  readonly #spec: ThreadSpec;
  readonly #instance: Instance;
  /** What each call of `step` is told: of a round every one is about another instance. */
  readonly #operations: readonly number[];
  /** Instances that are judged at the end. */
  readonly #judged: number;
  readonly #replacements: Replacements;
  readonly #recorder: Recorder;
  readonly #pulse: ((running: boolean) => void) | undefined;
  readonly #role = new Int32Array(1);
  readonly #ops: HostCalls;
  /** What the thread's set-up broke: then the thread comes no further. */
  #brokenInSetUp: Ending | undefined;
  #settingUp = false;

  constructor(
    scenario: Scenario,
    spec: ThreadSpec,
    instance: Instance,
    steps: number,
    replacements: Replacements,
    recorder: Recorder,
    pulse: ((running: boolean) => void) | undefined,
  ) {
    this.name = spec.name;
    this.#scenario = scenario;
    this.#spec = spec;
    this.#instance = instance;
    const inRounds = scenario.rounds !== undefined;
    this.#operations = Array.from({ length: steps }, (_, call) => (inRounds ? call : 0));
    this.#judged = inRounds ? Math.max(...instance.steps) : 1;
    this.#replacements = replacements;
    this.#recorder = recorder;
    this.#pulse = pulse;
    this.#ops = new HostCalls(recorder.knowledge);
    // A user's own scenario may keep in its closures what it likes; the project's keep it in the ledger.
    recorder.remembers = scenario.keepsState === true;
  }

  /** Runs the thread's set-up alone, on real memory. @throws ProgramFailed */
  setUp(): void {
    // To its end, whatever is broken on the way: the other threads are set up on what it leaves.
    this.#settingUp = true;
    this.#guarded(() => {
      this.#build();
    });
    this.#settingUp = false;
  }

  /**
   * Runs the program, set-up and all, until the recorder stops it or it ends.
   *
   * @throws ProgramFailed, SharingGrew
   */
  run(): Ending {
    if (this.#brokenInSetUp !== undefined) return this.#brokenInSetUp;
    return this.#guarded(() => {
      const { program, cpu } = this.#build();
      this.#recorder.begin();
      const judgeOutcomes = () => this.#judgeOutcomes();
      runProgram(program, this.#operations, this.#judged, cpu, this.#recorder, judgeOutcomes);
    });
  }

  /** A result that must not be is a violation, also where its scenario does no more than count it. */
  #judgeOutcomes(): void {
    const { outcomes, invariants } = this.#scenario;
    const forbidden = this.#recorder.outcomes.find(
      ({ outcome }) => outcomes[outcome]!.expect === 'FORBIDDEN',
    );
    if (forbidden === undefined) return;
    const [invariant, message] = [invariants[0]!, outcomes[forbidden.outcome]!.description];
    this.#recorder.violation ??= { invariant, message, evidence: [] };
    throw new ViolationFound(invariant, message, []);
  }

  #guarded(body: () => void): Ending {
    this.#role[0] = 0;
    this.#pulse?.(true);
    const recorder = this.#recorder;
    try {
      body();
    } catch (error) {
      if (recorder.lookedAhead) throw new SharingGrew();
      if (recorder.violation !== undefined) return { kind: 'violation', ...recorder.violation };
      if (error instanceof Unanswered) return { kind: 'pending' };
      if (error instanceof RunStopped && recorder.pending !== undefined) throw this.#swallowed();
      throw this.#failure(error);
    } finally {
      this.#pulse?.(false);
    }
    if (recorder.lookedAhead) throw new SharingGrew();
    if (recorder.violation !== undefined) return { kind: 'violation', ...recorder.violation };
    if (recorder.pending !== undefined) throw this.#swallowed();
    return { kind: 'end' };
  }

  #build(): { program: Program; cpu: RecordedVcpu | undefined } {
    const { machine, map, ledger, clock } = this.#instance;
    const { ledgerBytes } = this.#scenario;
    const recorder = this.#recorder;
    const memory = new RecordedMemory(recorder, 'host');
    const slots = new Memslots(memory, map.memslotTable);
    const host = new RecordedHostCpu(memory, recorder, slots, clock);
    const thread: Record<string, unknown> & { kvm?: Kvm } = {
      name: this.name,
      machine,
      random: {
        below: (bound: number) => this.#choose(bound),
        sometimes: () => true,
        pace: (bound: number) => Math.min(1, bound - 1),
      },
      ledger: new Ledger(new RecordedMemory(recorder, 'checker'), ledger, ledgerBytes),
      idle: () => {},
      outcome: checkedOutcome(this.#scenario, (outcome) => recorder.countOutcome(outcome)),
      violated: (
        invariant: InvariantId,
        message: string,
        evidence: readonly string[] = [],
      ): never => {
        checkViolation(this.#scenario, invariant, message, evidence);
        if (this.#settingUp) {
          this.#brokenInSetUp ??= { kind: 'violation', invariant, message, evidence };
          return undefined as never;
        }
        recorder.violation ??= { invariant, message, evidence };
        throw new ViolationFound(invariant, message, evidence);
      },
    };
    const { host: ops, roles } = this.#replacements;
    const wrapped = instrumented(this.#scenario, ops, thread as unknown as HostThread);
    this.#ops.become(wrapped, recorder.remembers ? ops : wrapped);
    const kvm = new Kvm(host, this.#ops.calls, map.vm);
    thread.kvm = kvm;
    if (this.#spec.vcpu === undefined) {
      recorder.registers = () => slots.held;
      // Looked up here, as a vCPU's port does: else the first time round a loop is not like the others.
      slots.slots();
      const program = checkedProgram(this.#spec.start(thread as unknown as HostThread), this.name);
      return { program, cpu: undefined };
    }
    const vcpu = kvm.vcpu(this.#spec.vcpu);
    const bare = new KvmVcpu(kvm, vcpu);
    const hypervisor = new DrainingHypervisor(bare, memory);
    const cpu = new RecordedVcpu(
      this.#spec.vcpu,
      new RecordedMemory(recorder, 'guest'),
      host,
      slots,
      hypervisor,
      vcpu + VCPU.kick,
      recorder,
    );
    recorder.registers = () => cpu.registers();
    thread.cpu = cpu;
    thread.vcpu = vcpu;
    thread.roles = this.#scoped(roles);
    bare.load();
    cpu.start();
    // In guest mode from the first step on: the entries to explore are those after exits.
    const program = checkedProgram(this.#spec.start(thread as unknown as VcpuThread), this.name);
    return { program, cpu };
  }

  /** The roles, checked, each call with loops of its own. */
  #scoped(roles: GuestRoles): GuestRoles {
    const recorder = this.#recorder;
    const run = {
      get stopped() {
        return recorder.pending !== undefined;
      },
    };
    const checked = checkedRoles(roles, this.#role, 0, run) as unknown as Record<
      string,
      (cpu: unknown, at: unknown) => unknown
    >;
    const scoped: Record<string, (cpu: unknown, at: unknown) => unknown> = {};
    for (const { name } of ROLES) {
      const role = checked[name]!;
      scoped[name] = (cpu, at) => {
        const outer = recorder.enterScope();
        const call = recorder.knowledge.enter();
        // What a role calls back is the scenario's code, which may remember it.
        if (recorder.remembers && callsBack(at)) recorder.knowledge.keep();
        const value = role(cpu, at);
        recorder.knowledge.leave(call, value);
        recorder.leaveScope(outer);
        return value;
      };
    }
    return scoped as unknown as GuestRoles;
  }

  #choose(bound: number): number {
    if (bound <= 1) return 0;
    const possibilities = bound <= ALL_CHOICES ? bound : 2;
    this.#recorder.step(STEP_CHOOSE, 0, 0, possibilities, 0, 0, 0, false);
    const { low } = this.#recorder;
    return bound <= ALL_CHOICES || low === 0 ? low : bound - 1;
  }

  #swallowed(): ProgramFailed {
    return new ProgramFailed('GUEST_THREW', this.name, new AbortSwallowed(this.name).message);
  }

  #failure(error: unknown): unknown {
    const fail = (code: FailureCode, message: string): ProgramFailed =>
      new ProgramFailed(code, this.name, message);
    const role = this.#role[0]!;
    const where = role === 0 ? this.name : `the role ${ROLES[role - 1]!.name} on ${this.name}`;
    if (error instanceof NotDeterministic)
      return fail('NOT_DETERMINISTIC', `${where}: ${error.message}`);
    if (error instanceof PortExhausted) return fail('GUEST_HUNG', `${where}: ${error.message}`);
    if (error instanceof RoleReturned) return fail('GUEST_RETURNED', error.message);
    if (error instanceof UnbackedGpa) return fail('GUEST_UNBACKED_GPA', error.message);
    if (!(error instanceof Error)) {
      const code =
        role === 0 && this.#scenario.mechanism === 'own' ? 'SCENARIO_THREW' : 'GUEST_THREW';
      return fail(code, `Expected ${where} to return, but it threw ${String(error)}.`);
    }
    if (role === 0) return error;
    return fail(
      'GUEST_THREW',
      `Expected ${where} to return, but it threw ${error.name}: ${withPlace(error)}.`,
    );
  }
}

/** Whether what a role is given has functions in it. */
function callsBack(at: unknown): boolean {
  if (typeof at !== 'object' || at === null) return typeof at === 'function';
  return Object.values(at).some((value) => typeof value === 'function' || callsBack(value));
}

/**
 * The recorded part of a program. Its name tells call sites where the engine begins.
 *
 * @param operations what each call of `step` is told
 * @param judged how many instances are judged at the end
 */
function runProgram(
  program: Program,
  operations: readonly number[],
  judged: number,
  cpu: RecordedVcpu | undefined,
  recorder: Recorder,
  judgeOutcomes: () => void,
): void {
  for (const operation of operations) {
    recorder.beginOperation();
    const outer = recorder.enterScope();
    program.step(operation);
    recorder.leaveScope(outer);
    judgeOutcomes();
  }
  recorder.beginOperation();
  cpu?.linger();
  cpu?.finish();
  if (program.judge !== undefined) {
    recorder.step(STEP_MEET, 0, 0, 0, 0, 0, 0, false);
    for (let instance = 0; instance < judged; instance++) {
      program.judge(instance);
      judgeOutcomes();
    }
  }
  if (program.finish !== undefined) {
    recorder.step(STEP_MEET, 0, 0, 0, 0, 0, 0, false);
    program.finish();
    judgeOutcomes();
  }
}
