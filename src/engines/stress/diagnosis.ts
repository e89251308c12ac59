import type { AccessMode } from '../../memory/shared-memory.ts';

/** What this machine and this Node can show of races, as `doctor` measured it. */
export interface Diagnosis {
  /** Version of Node, such as `v20.20.2`. */
  readonly node: string;
  /** Operating system and architecture, such as `linux x64`. */
  readonly platform: string;
  /** Cores that the machine has. */
  readonly cores: number;
  /** Cores that this process may use. */
  readonly availableParallelism: number;
  /** Whether spinning threads can tell the core so (`Atomics.pause`). */
  readonly pause: boolean;
  readonly accessModes: readonly AccessDiagnosis[];
  /** Collisions per second of the canary race in the access mode that shows most. */
  readonly sensitivity: number;
  /** What follows from the above, a sentence each. */
  readonly notes: readonly string[];
}

/** What one access mode shows. */
export interface AccessDiagnosis {
  readonly access: AccessMode;
  readonly stressable: true;
  readonly canaryCollisionsPerSecond: number;
  /** Weak outcomes of the store-buffering litmus test, per million samples. */
  readonly storeBufferingPerMillion: number;
}
