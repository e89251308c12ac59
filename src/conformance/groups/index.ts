import type { Group } from '../group.ts';
import { apf } from './apf/index.ts';
import { caps } from './caps.ts';
import { cpuid } from './cpuid.ts';
import { cpuidGuestView } from './cpuid-guest-view.ts';
import { enforceCpuid } from './enforce-cpuid.ts';
import { exitHypercall } from './exit-hypercall.ts';
import { msrAlias } from './msr-alias.ts';
import { msrDefault } from './msr-default.ts';
import { msrScope } from './msr-scope.ts';
import { msrGuest, msrHost } from './msr-write.ts';
import { pvEoi } from './pv-eoi.ts';
import { pvclock } from './pvclock/index.ts';
import { steal } from './steal/index.ts';
import { timescale } from './timescale.ts';
import { userSpaceMsr } from './user-space-msr.ts';
import { wallclock } from './wallclock/index.ts';

/** Every group that a recording may have. */
export const GROUPS: readonly Group[] = [
  cpuid,
  caps,
  exitHypercall,
  msrDefault,
  msrHost,
  msrGuest,
  msrAlias,
  msrScope,
  enforceCpuid,
  cpuidGuestView,
  userSpaceMsr,
  timescale,
  wallclock,
  pvclock,
  steal,
  pvEoi,
  apf,
];
