import { findByName } from '../scenarios/find.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { asyncPageFaultGuestMutants } from './async-page-fault-guest.ts';
import { asyncPageFaultHostMutants } from './async-page-fault-host.ts';
import { clockIoctlMutants } from './clock-ioctls.ts';
import { lifetimeMutants } from './lifetime.ts';
import { migrationMutants } from './migration.ts';
import { pvEoiMutants } from './pv-eoi.ts';
import { pvclockGuestMutants } from './pvclock-guest.ts';
import { pvclockHostMutants } from './pvclock-host.ts';
import { requestMutants } from './requests.ts';
import { spinlockMutants } from './spinlock.ts';
import { stealTimeMutants } from './steal-time.ts';
import { tlbFlushMutants } from './tlb-flush.ts';
import { wallClockMutants } from './wall-clock.ts';

/** All broken twins, as `pvrace list` shows them. */
export const mutants: readonly Mutant[] = [
  ...pvclockGuestMutants,
  ...pvclockHostMutants,
  ...clockIoctlMutants,
  ...wallClockMutants,
  ...stealTimeMutants,
  ...tlbFlushMutants,
  ...pvEoiMutants,
  ...asyncPageFaultGuestMutants,
  ...asyncPageFaultHostMutants,
  ...requestMutants,
  ...spinlockMutants,
  ...lifetimeMutants,
  ...migrationMutants,
];

/** @throws UsageError */
export function findMutant(id: string): Mutant {
  return findByName('broken twin', id, mutants, (mutant) => mutant.id);
}
