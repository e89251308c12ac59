import type { InstanceOptions } from '../controlled/instance.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';

/** What to verify, under which memory model, and what it may cost. */
export interface VerifyOptions extends InstanceOptions {
  /** Name of a scenario, or URL of an ES module that exports one as its default. */
  readonly scenario: string | URL;
  /** Id of a broken twin that takes the reference's place. */
  readonly mutant?: string;
  /** Path or URL of an ES module whose exports take the place of the reference's roles. */
  readonly guest?: string | URL;
  /** By default `tso`, which is x86. */
  readonly model?: ModelName;
  /**
   * Invariants whose checks are left out: what only they would have caught passes. For control: a twin
   * without the checks of its own invariants must survive.
   */
  readonly without?: readonly string[];
  /** States after which the exploration stops and says `incomplete`. */
  readonly maxStates?: number;
  /** Memory that states may take, in bytes; by default 4 GiB. */
  readonly maxBytes?: number;
  readonly seed?: string;
  /** Ends the exploration with what it has. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** Told a few times a second while an exploration goes on. */
export interface VerifyProgress {
  readonly scenario: string;
  readonly states: number;
  readonly transitions: number;
  /** States that are still to be left. */
  readonly frontier: number;
  /** Steps from the first state. */
  readonly depth: number;
  readonly bytes: number;
  /** Seconds so far. */
  readonly elapsed: number;
}
