import { clockStableSwitch } from './clock-stable-switch.ts';
import type { Scenario } from './scenario.ts';

/**
 * The same from the other side: the small instance begins with one line for all, which is lost. Whoever goes
 * by what the flag was then leaves no maximum for others, or does not look at theirs.
 */
export const clockStableLoss: Scenario = {
  ...clockStableSwitch,
  name: 'clock-stable-loss',
  summary:
    'vCPUs compare clocks while the master clock is lost and comes back: who relied on TSC_STABLE has to use last_value.',
  // The second read of the other finds what the first has left behind.
  controlled: { machine: { exitsAnywhere: false }, steps: { vcpu0: 1, vcpu1: 2 } },
};
