import type { SampledVcpu } from '../cpu/sampled-vcpu.ts';
import type { GuestRoles, RoleName } from '../guest/roles.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import type { MachineSpec } from '../host/machine.ts';
import type { Invariant, InvariantId } from './invariants.ts';
import type { Ledger } from './ledger.ts';

/** The parts of the interface, as `list` groups scenarios and twins. */
export type Mechanism =
  | 'kvmclock'
  | 'wall-clock'
  | 'steal-time'
  | 'tlb-flush'
  | 'pv-eoi'
  | 'async-page-fault'
  | 'halt-poll'
  | 'migration'
  | 'lifetime'
  | 'requests'
  | 'spinlock'
  | 'litmus'
  /** A scenario of the user's. */
  | 'own';

/** A result that a scenario can have, and what to think of it. */
export interface OutcomeSpec {
  readonly outcome: string;
  readonly expect: 'ACCEPTABLE' | 'INTERESTING' | 'FORBIDDEN';
  readonly description: string;
}

/**
 * A story: a machine, a program for each thread, the roles that a user may replace, and what must
 * hold. It knows no engine.
 */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly mechanism: Mechanism;
  readonly roles: readonly RoleName[];
  readonly invariants: readonly InvariantId[];
  /** Of these, the ones that the catalogue does not have. */
  readonly ownInvariants?: readonly Invariant[];
  readonly outcomes: readonly OutcomeSpec[];
  /** How many vCPUs make sense: by default, at least, at most. */
  readonly vcpus: { readonly default: number; readonly least: number; readonly most: number };
  /** What differs from the default machine. */
  readonly machine: Partial<MachineSpec>;
  /** Bytes that the checker keeps besides the machine. */
  readonly ledgerBytes: number;
  /**
   * Absent: threads run their steps freely, side by side, for as long as the run lasts. Present: all
   * threads meet, run the step of each of so many instances, meet again, and the instances are judged
   * and reset. Instances are independent copies of the same little program. They may have vCPU records
   * of their own besides the machine's, or each may be about a vCPU of its own.
   */
  readonly rounds?: {
    readonly instances: number;
    readonly vcpuRecords?: number;
    readonly vcpuEach?: boolean;
  };
  /** How small the scenario is for the engines that explore interleavings. */
  readonly controlled?: ControlledSpec;
  threads(machine: MachineSpec): readonly ThreadSpec[];
  /**
   * Operations that take the place of the reference host's: a broken host, or another one. They keep what
   * they must remember in guest or host memory, as KVM does.
   */
  readonly host?: Partial<HostOps>;
  /** The catalogue's scenario whose threads it has, and whose small instances. */
  readonly reference?: string;
  /** Whether its handlers, its callbacks and `instrument` may keep what they like in closures. */
  readonly keepsState?: boolean;
  /**
   * Wraps host operations with the checker's own looks: what an invariant says of the host's inside is
   * checked where it happens. `thread` is filled in when the operations are first called.
   */
  instrument?(ops: HostOps, thread: HostThread): HostOps;
}

/** A small instance of a scenario: few vCPUs, few steps, a clock that advances now and then. */
export interface ControlledSpec {
  readonly vcpus?: number;
  readonly machine?: Partial<MachineSpec>;
  /** How often the clock advances, at any step. */
  readonly clockSteps?: number;
  /** By how many TSC ticks it does each time. */
  readonly ticks?: bigint;
  /** Calls of every thread's `step`, or of some threads' by name; by default as each thread says. */
  readonly steps?: number | Readonly<Record<string, number>>;
}

/** One thread of a scenario. */
export type ThreadSpec = VcpuThreadSpec | HostThreadSpec;

export interface VcpuThreadSpec {
  readonly name: string;
  /** The vCPU whose context this thread is. */
  readonly vcpu: number;
  /** Calls of its program's `step` in the controlled engines; by default 1. */
  readonly steps?: number;
  /** See {@link HostThreadSpec.alike}. */
  readonly alike?: string;
  /** Sets its part of the guest up (in guest mode) and returns its program. */
  start(thread: VcpuThread): Program;
}

export interface HostThreadSpec {
  readonly name: string;
  /** A thread of the VMM: no vCPU's context. */
  readonly vcpu?: undefined;
  readonly steps?: number;
  /**
   * Threads with the same word here run the same program on the same memory: which is which makes no
   * difference, and `verify` takes one for the other. Host threads with the same `start` are alike anyhow.
   */
  readonly alike?: string;
  start(thread: HostThread): Program;
}

export interface Program {
  /** One operation: a read, an update, an interrupt. Engines call it again and again. */
  step(instance: number): void;
  /** Rounds: judges one instance, or makes its share of it as new, while no thread runs a step. */
  judge?(instance: number): void;
  /** After the last step, with all threads of the run past theirs. */
  finish?(): void;
}

/** Choices that a scenario leaves open. */
export interface Choices {
  /** A number from 0 to `bound` - 1. */
  below(bound: number): number;
  /**
   * Whether to do what is allowed now but need not come to anything: one time in `bound` on threads,
   * always where an engine chooses what comes of it.
   */
  sometimes(bound: number): boolean;
  /** How long or how often, where it only sets the pace: below `bound` on threads, else as little as tells. */
  pace(bound: number): number;
}

/** What every thread of a scenario has. */
export interface HostThread {
  readonly name: string;
  readonly machine: MachineSpec;
  readonly kvm: Kvm;
  readonly ledger: Ledger;
  /** What the scenario leaves open: drawn on threads and in samples, all of it explored by `verify`. */
  readonly random: Choices;
  /** Lets a random while pass before the next action, so that threads meet at ever new places. */
  idle(): void;
  /** Counts an outcome, by its place in the scenario's table. */
  outcome(index: number): void;
  /**
   * Reports that an invariant is broken and ends the run. What is thrown must not be caught.
   *
   * @param message what was seen, in one sentence
   * @param evidence lines of who saw what
   */
  violated(
    invariant: InvariantId | (string & {}),
    message: string,
    evidence?: readonly string[],
  ): never;
}

/** What a thread has that is a vCPU's context. */
export interface VcpuThread extends HostThread {
  readonly cpu: SampledVcpu;
  /** This vCPU's record in host RAM. */
  readonly vcpu: VcpuRecord;
  /** Guest algorithms: the reference's, a twin's, or the user's. Results are checked for their type. */
  readonly roles: GuestRoles;
}

/** A broken twin: the reference with the one change that its row of the catalogue describes. */
export interface Mutant {
  /** Such as `Z-P6`. */
  readonly id: string;
  readonly mechanism: Mechanism;
  readonly side: 'guest' | 'host';
  /** What is wrong, in one sentence. */
  readonly summary: string;
  /** Commit, CVE, source version, or `constructed`. */
  readonly source: string;
  /** The scenario that shows it. */
  readonly scenario: string;
  /** The invariants it breaks; a kill by any other is none. */
  readonly invariants: readonly InvariantId[];
  /** Where its row of the catalogue names another invariant: which one, and why that one cannot be broken. */
  readonly insteadOf?: { readonly invariant: InvariantId; readonly because: string };
  readonly visibleUnder: readonly ('sc' | 'tso' | 'weak')[];
  /** Absent where real threads can show it, else why they cannot. */
  readonly notOnThreads?: string;
  readonly roles?: Partial<GuestRoles>;
  readonly host?: Partial<HostOps>;
  /** What the twin needs of its machine, where the scenario's own would not trigger it. */
  readonly machine?: Partial<MachineSpec>;
  /** What differs from the scenario's small instance in the one that shows this twin. */
  readonly controlled?: ControlledSpec;
  /** Where it is visible under no model: why, with the proof. */
  readonly notVisible?: string;
}
