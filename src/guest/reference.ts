import { enableAsyncPageFaults, pageNotPresent, pageReady } from './async-page-fault.ts';
import { waitForPage } from './async-page-fault-sleepers.ts';
import { cpuOffline } from './cpu-offline.ts';
import { detect } from './detection.ts';
import { checkGuestStopped } from './guest-stopped.ts';
import { idle } from './halt-poll.ts';
import { signalEoi } from './pv-eoi.ts';
import { spinLock, spinUnlock } from './pv-spinlock.ts';
import { kick, wait } from './pv-wait.ts';
import { readClock } from './pvclock.ts';
import type { GuestRoles } from './roles.ts';
import { readSteal, vcpuIsPreempted } from './steal-time.ts';
import { flushTlb } from './tlb-flush.ts';
import { readWallClock } from './wall-clock.ts';

/** Linux's side: the algorithms that users replace and twins break. */
export const referenceGuest: GuestRoles = {
  readClock,
  readWallClock,
  readSteal,
  vcpuIsPreempted,
  flushTlb,
  signalEoi,
  checkGuestStopped,
  wait,
  kick,
  spinLock,
  spinUnlock,
  enableAsyncPageFaults,
  pageNotPresent,
  waitForPage,
  pageReady,
  idle,
  cpuOffline,
  detect,
};
