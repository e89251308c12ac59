import { KVM_FEATURE_CLOCKSOURCE_STABLE_BIT, KVM_SUPPORTED_FEATURES } from '../abi/cpuid.ts';
import { PVCLOCK_GUEST_STOPPED, PVCLOCK_TSC_STABLE_BIT } from '../abi/pvclock-vcpu-time-info.ts';
import { clockMonotonicUnstable, compareLines } from './clock-monotonic-unstable.ts';
import type { Scenario, VcpuThread } from './scenario.ts';

/** What an old host leaves in the byte: for it this is padding. */
const PADDING = PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED;

/**
 * A host from before the flags: its CPUID does not have CLOCKSOURCE_STABLE_BIT, so the byte means nothing,
 * and holds anything. Only last_value keeps the clock from going back between two vCPUs.
 */
export const clockFlagsInvalid: Scenario = {
  ...clockMonotonicUnstable,
  name: 'clock-flags-invalid',
  summary:
    'vCPUs compare clocks on a host whose flags mean nothing, by CPUID: only last_value keeps time from going backwards.',
  machine: {
    ...clockMonotonicUnstable.machine,
    features: (KVM_SUPPORTED_FEATURES & ~(1 << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT)) >>> 0,
  },
  instrument(ops, thread) {
    const watched = clockMonotonicUnstable.instrument!(ops, thread);
    return {
      ...watched,
      publishClock: (kvm, vcpu, parameters) =>
        watched.publishClock(kvm, vcpu, { ...parameters, flags: PADDING }),
    };
  },
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: (thread: VcpuThread) => compareLines(thread, 0),
    })),
};
