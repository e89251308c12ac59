import { groupOfKinds } from '../../group.ts';
import { address } from './address.ts';
import { afterSetClock } from './after-set-clock.ts';
import { version } from './version.ts';

/** Wall clocks: versions and places exactly, the time as realtime minus the guest's clock. */
export const wallclock = groupOfKinds('wallclock', [
  { is: (kind) => kind === 'version', group: version },
  { is: (kind) => kind === 'after_set_clock', group: afterSetClock },
  { is: (kind) => kind === 'address', group: address },
]);
