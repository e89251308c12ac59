import type { Move } from './controlled/move.ts';
import type { TraceStep } from './trace.ts';

/** The engines, by the command that runs them. */
export type EngineName = 'stress' | 'sample' | 'verify' | 'replay';

/** How an outcome is graded, in jcstress's words. */
export type Expectation = 'ACCEPTABLE' | 'INTERESTING' | 'FORBIDDEN';

/** One row of an outcome table. Outcomes that were never seen are rows too, with count 0. */
export interface OutcomeCount {
  readonly outcome: string;
  readonly count: number;
  readonly expect: Expectation;
  readonly description: string;
}

/** One line of a report of what happened: who, and what they saw. */
export interface EvidenceLine {
  /** Thread name, such as `vcpu1`. */
  readonly thread: string;
  readonly text: string;
}

interface ResultCommon {
  readonly scenario: string;
  /** Id of the broken twin that replaced the reference, if any. */
  readonly mutant?: string;
  /** The user's guest module, as it was named. */
  readonly guest?: string;
  readonly engine: EngineName;
  readonly seed: string;
  /** Seconds of the exploration itself, without the start of the pool. */
  readonly seconds: number;
  /** What the run was made of: vCPUs, threads, updates, calls. */
  readonly instance: Readonly<Record<string, number | string>>;
  readonly assumptions: readonly string[];
  readonly outcomes: readonly OutcomeCount[];
  /** stress: how memory was accessed. */
  readonly access?: 'plain' | 'atomic';
  /** Judged results. */
  readonly samples?: number;
  /** Steps of all programs (role calls, publications, interrupts …). */
  readonly operations?: number;
  /** Collisions per second of the canary race, on this machine in this run. */
  readonly sensitivity?: number;
  /** verify: which memory model. */
  readonly model?: 'sc' | 'tso' | 'weak';
  readonly states?: number;
  readonly transitions?: number;
}

/** Nothing was broken. */
export interface Passed extends ResultCommon {
  readonly verdict: 'pass';
  /** Of a broken twin that no execution of the model shows: why. */
  readonly message?: string;
}

/** The search for a schedule that breaks what a race broke. */
export interface ScheduleSearch {
  /** What found one, and under which memory model; absent where none was found. */
  readonly engine?: 'sample' | 'verify';
  readonly model?: 'sc' | 'tso' | 'weak';
  /** Seconds that it took, on top of those of the race. */
  readonly seconds: number;
  /** What was found, or why nothing was, in one sentence. */
  readonly message: string;
}

/** An invariant was broken. */
export interface Broken extends ResultCommon {
  readonly verdict: 'fail';
  /** Id such as `P1`. */
  readonly invariant: string;
  /** What it says, where it is one of the scenario's own. */
  readonly sentence?: string;
  /** The broken invariant and what broke it, in one sentence. */
  readonly message: string;
  readonly evidence: readonly EvidenceLine[];
  /** The interleaving, step by step; for stress that of a schedule that breaks the same. */
  readonly schedule?: readonly TraceStep[];
  /** The same as moves: what a replay file holds. */
  readonly moves?: readonly Move[];
  /** stress: how that schedule was found, or why there is none. */
  readonly search?: ScheduleSearch;
  /** A command or file that shows it again. */
  readonly replay?: string;
}

/** The run says nothing final: stopped, out of budget, or no race can be seen here. */
export interface Incomplete extends ResultCommon {
  readonly verdict: 'incomplete';
  readonly message: string;
}

/** The program under test or the harness failed: it threw, hung, or killed its worker. */
export interface Failed extends ResultCommon {
  readonly verdict: 'error';
  readonly code: FailureCode;
  readonly message: string;
}

/** Stable names of what can go wrong with a run. */
export type FailureCode =
  | 'GUEST_LOAD' // the guest module is missing, has a syntax error, throws at import or exports no role
  | 'GUEST_THREW'
  | 'GUEST_HUNG'
  | 'GUEST_RETURNED' // a value of the wrong type
  | 'GUEST_UNBACKED_GPA'
  | 'NOT_DETERMINISTIC' // the same results led a program to another step
  | 'SCENARIO_LOAD' // the scenario module is missing, broken, or defines no scenario
  | 'SCENARIO_THREW'
  | 'WORKER_EXITED'
  | 'OUT_OF_MEMORY'
  | 'HARNESS';

/** What one scenario came to, as data. Only `report` turns it into words. */
export type ScenarioResult = Passed | Broken | Incomplete | Failed;
