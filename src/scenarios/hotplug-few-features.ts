import {
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_MIGRATION_CONTROL,
  KVM_FEATURE_STEAL_TIME,
} from '../abi/cpuid.ts';
import { hotplugThreads } from './hotplug-disable.ts';
import { HOTPLUG_BYTES, HOTPLUG_LEAVES, HOTPLUG_OUTCOMES } from './hotplug-guest.ts';
import { noteLeaves } from './migration-leave.ts';
import type { Scenario } from './scenario.ts';

/** The old clock MSR, steal time, and a VMM that asks before it moves the guest. */
const FEATURES =
  (1 << KVM_FEATURE_CLOCKSOURCE) |
  (1 << KVM_FEATURE_STEAL_TIME) |
  (1 << KVM_FEATURE_MIGRATION_CONTROL);

/**
 * vCPUs go offline on a host that offers little and means it: an MSR that its CPUID does not have is a #GP,
 * and the clock is that of the old MSR.
 */
export const hotplugFewFeatures: Scenario = {
  name: 'hotplug-few-features',
  summary:
    'vCPUs go offline and come back on a host that offers the old clock, steal time and MIGRATION_CONTROL, and nothing else.',
  mechanism: 'lifetime',
  roles: ['cpuOffline'],
  invariants: ['M1', 'G1'],
  outcomes: HOTPLUG_OUTCOMES,
  vcpus: { default: 2, least: 1, most: 63 },
  machine: {
    exitsAnywhere: true,
    vcpusMatchedTsc: false,
    features: FEATURES,
    enforcePvFeatureCpuid: true,
  },
  ledgerBytes: HOTPLUG_BYTES,
  controlled: { vcpus: 1, clockSteps: 0, machine: { exitsAnywhere: false } },
  instrument: (ops, thread) => noteLeaves(ops, thread, HOTPLUG_LEAVES),
  threads: hotplugThreads,
};
