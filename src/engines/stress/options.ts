import type { MachineSpec } from '../../host/machine.ts';
import type { AccessMode } from '../../memory/shared-memory.ts';

/** What to race, and for how long. */
export interface StressOptions {
  /** Name of a scenario, or URL of an ES module that exports one as its default. */
  readonly scenario: string | URL;
  /** Id of a broken twin that takes the reference's place. */
  readonly mutant?: string;
  /** Path or URL of an ES module whose exports take the place of the reference's roles. */
  readonly guest?: string | URL;
  /** How many vCPUs; by default what the scenario says. */
  readonly vcpus?: number;
  /** Seconds of racing; by default 10. The pool's start is not counted. */
  readonly seconds?: number;
  /** Ends the run after so many operations of all threads together, if that comes first. */
  readonly operations?: number;
  /** How memory is accessed; by default `plain`, which lets store buffers show. */
  readonly access?: AccessMode;
  /** Any string; by default `pvrace`. Drives patterns and pacing, not the hardware. */
  readonly seed?: string;
  /** What differs from the scenario's machine. */
  readonly machine?: Partial<MachineSpec>;
  /** Seconds of the canary race that measures the sensitivity; by default 0.2. */
  readonly canarySeconds?: number;
  /** Ends the run with what it has. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StressProgress) => void;
}

/** Told a few times a second while a run goes on. */
export interface StressProgress {
  readonly scenario: string;
  readonly phase: 'starting' | 'measuring' | 'racing' | 'stopping';
  /** Seconds of racing so far, and in all. */
  readonly elapsed: number;
  readonly total: number;
  readonly operations: number;
}
