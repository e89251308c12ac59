import { findByName } from '../scenarios/find.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { pvclockGuestMutants } from './pvclock-guest.ts';
import { pvclockHostMutants } from './pvclock-host.ts';

/** All broken twins, as `pvrace list` shows them. */
export const mutants: readonly Mutant[] = [...pvclockGuestMutants, ...pvclockHostMutants];

/** @throws UsageError */
export function findMutant(id: string): Mutant {
  return findByName('broken twin', id, mutants, (mutant) => mutant.id);
}
