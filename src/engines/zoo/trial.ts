import type { MachineSpec } from '../../host/machine.ts';
import type { ControlledSpec } from '../../scenarios/scenario.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import type { ScenarioResult } from '../result.ts';

/** The engines that a twin may fall to. */
export const ZOO_ENGINES = ['stress', 'sample', 'verify'] as const;
export type ZooEngine = (typeof ZOO_ENGINES)[number];

/** One attempt: an engine and a twin, or the reference in a twin's place. */
export interface Trial {
  readonly engine: ZooEngine;
  readonly scenario: string;
  /** Id of the twin; absent for the reference, which must not fall. */
  readonly mutant?: string;
  /** A kill by any other invariant is none. Empty for the reference. */
  readonly invariants: readonly string[];
  /** Control: the checks of these are left out, and the twin must survive. */
  readonly without?: readonly string[];
  /** Memory models in the order in which they are tried, until the twin falls; none for stress. */
  readonly models: readonly ModelName[];
  /** Why this engine cannot show the twin: then nothing is run. */
  readonly notVisible?: string;
  /** Where the reference takes a twin's place: what that twin needs of its machine. */
  readonly machine?: Partial<MachineSpec>;
  readonly controlled?: ControlledSpec;
}

/** What a trial came to. */
export type Graded = ScenarioResult & Grade;

export interface Grade {
  /** `killed` by an invariant of its own; a reference that is killed is a false alarm. */
  readonly killed: 'killed' | 'survived' | 'not-visible';
  /** Why it survived, or cannot be seen. */
  readonly reason?: string;
  /** What the kill, or the attempt, took: operations, schedules or states, by the engine. */
  readonly executions?: number;
  /** The checks of the twin's own invariants were left out: it must survive. */
  readonly control?: true;
  /** Its turn did not come: that it survived says nothing. */
  readonly notRun?: true;
  /** Where a trial was repeated: how often it was killed, out of how many. */
  readonly repeated?: { readonly kills: number; readonly runs: number };
}
