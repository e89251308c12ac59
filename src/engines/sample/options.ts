import type { InstanceOptions } from '../controlled/instance.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import type { Strategy } from './walk.ts';

/** What to sample, and how. */
export interface SampleOptions extends InstanceOptions {
  /** Name of a scenario, or URL of an ES module that exports one as its default. */
  readonly scenario: string | URL;
  /** Id of a broken twin that takes the reference's place. */
  readonly mutant?: string;
  /** Path or URL of an ES module whose exports take the place of the reference's roles. */
  readonly guest?: string | URL;
  /** By default `tso`, which is x86. */
  readonly model?: ModelName;
  /** Schedules; by default 100 000. */
  readonly runs?: number;
  /** `blocks` (by default): stretches of one thread. `pct`: priorities with a few change points. */
  readonly strategy?: Strategy;
  readonly seed?: string;
  /** Ends the search with what it has. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SampleProgress) => void;
}

/** Told a few times a second while a search goes on. */
export interface SampleProgress {
  readonly scenario: string;
  /** Schedules so far. */
  readonly states: number;
  readonly frontier: number;
  readonly depth: number;
  readonly bytes: number;
  readonly elapsed: number;
}
