import type { Move } from '../controlled/move.ts';
import type { SystemSpec } from '../controlled/system.ts';
import { waitingInvariant } from '../controlled/waiting.ts';

/** How an exploration ended. */
export type Explored =
  | { readonly kind: 'all' }
  | { readonly kind: 'violation'; readonly path: readonly Move[]; readonly thread: number }
  | { readonly kind: 'stuck'; readonly path: readonly Move[] }
  | { readonly kind: 'stopped'; readonly why: Bound | 'incomplete' };

/** Why not all was explored: what it may cost, somebody who stops it, or what the engine does not look at. */
export type Bound = 'max-states' | 'memory' | 'interrupted' | 'endless';

/** What an exploration may cost, and whom it tells. */
export interface ExploreLimits {
  readonly maxStates: number;
  readonly maxBytes: number;
  /** States after which an exploration stops whose reduction has become incomplete. */
  readonly patience?: number;
  /** Told now and then; returns false to stop. */
  readonly onProgress?: ((explored: ExploreProgress) => boolean) | undefined;
}

export interface ExploreProgress {
  readonly states: number;
  readonly transitions: number;
  readonly frontier: number;
  readonly depth: number;
  readonly bytes: number;
}

/** What is left unchecked, for control. */
export interface Unchecked {
  /** Who breaks these is at its end. */
  readonly invariants: readonly string[];
  /** Whether threads may wait for ever. */
  readonly waiting: boolean;
}

/** All is checked. */
export const CHECKED: Unchecked = { invariants: [], waiting: false };

/** What a system is explored without. */
export function uncheckedBy({ scenario, without = [] }: SystemSpec): Unchecked {
  return { invariants: without, waiting: without.includes(waitingInvariant(scenario)) };
}
