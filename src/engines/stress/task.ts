import type { MachineMap, MachineSpec } from '../../host/machine.ts';
import type { AccessMode } from '../../memory/shared-memory.ts';
import type { WasmMemory } from '../../memory/wasm-memory.ts';
import type { InvariantId } from '../../scenarios/invariants.ts';
import type { FailureCode } from '../result.ts';
import type { ControlMap } from './control.ts';

/** What one worker needs to become one thread of a run. Crosses by structured clone. */
export interface ThreadTask {
  readonly memory: WasmMemory;
  readonly access: AccessMode;
  readonly scenario: string;
  readonly mutant: string | undefined;
  /** URL of the user's guest module. */
  readonly guest: string | undefined;
  readonly machine: MachineSpec;
  readonly map: MachineMap;
  readonly control: ControlMap;
  /** Which thread of the scenario, and of how many. */
  readonly index: number;
  readonly threads: number;
  readonly cores: number;
  readonly seed: string;
  /** Stop after so many operations of this thread; 0 for never. */
  readonly operations: number;
  /** Benchmarks: no noise, no canary, roles as they are; a call now and then is timed. */
  readonly quiet: boolean;
}

/** How a thread ended. Returned, not thrown: custom errors do not survive the way between threads. */
export type ThreadReport = ThreadFinished | ThreadViolation | ThreadFailure;

interface ThreadReportCommon {
  readonly thread: string;
  /** Increments of the canary that this thread did. */
  readonly canaryUpdates: number;
  /** Nanoseconds of single steps, sampled; only of a quiet run. */
  readonly latencies: readonly number[];
  /** TSC samples that the vCPU's guest took. */
  readonly tscSamples: number;
}

export interface ThreadFinished extends ThreadReportCommon {
  readonly kind: 'finished';
}

export interface ThreadViolation extends ThreadReportCommon {
  readonly kind: 'violation';
  readonly invariant: InvariantId;
  readonly message: string;
  readonly evidence: readonly string[];
  /** 0 for the first thread of the run that reported one. */
  readonly order: number;
}

export interface ThreadFailure extends ThreadReportCommon {
  readonly kind: 'failure';
  readonly code: FailureCode;
  readonly message: string;
}
