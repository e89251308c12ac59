import { detect } from './detection.ts';
import { checkGuestStopped } from './guest-stopped.ts';
import { signalEoi } from './pv-eoi.ts';
import { readClock } from './pvclock.ts';
import type { GuestRoles } from './roles.ts';
import { readSteal, vcpuIsPreempted } from './steal-time.ts';
import { readWallClock } from './wall-clock.ts';

/** Linux's side: the algorithms that users replace and twins break. */
export const referenceGuest: GuestRoles = {
  readClock,
  readWallClock,
  readSteal,
  vcpuIsPreempted,
  signalEoi,
  checkGuestStopped,
  detect,
};
