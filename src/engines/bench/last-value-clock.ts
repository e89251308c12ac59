import { VM } from '../../host/records.ts';
import { clockAddresses, registerClock } from '../../scenarios/clock-support.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { BENCH_SCENARIO } from './bench-scenario.ts';
import type { Workload } from './workload.ts';

const SUMMARY = 'vCPUs read clocks that are not stable: the shared maximum and its cmpxchg.';

const scenario: Scenario = {
  ...BENCH_SCENARIO,
  name: 'bench:last-value-clock',
  summary: SUMMARY,
  roles: ['readClock'],
  machine: { ...BENCH_SCENARIO.machine, vcpusMatchedTsc: false },
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start(thread) {
        registerClock(thread);
        const { cpu, roles, kvm } = thread;
        const at = clockAddresses(vcpu);
        const tick = kvm.vm + VM.tick;
        return {
          step() {
            // Time must go on, or the maximum would never be raised; who counts a tick does not matter.
            kvm.memory.store64(tick, kvm.memory.load64(tick) + 1n);
            roles.readClock(cpu, at);
          },
        };
      },
    })),
};

/** The fallback of an unstable clock. */
export const lastValueClock: Workload = {
  name: 'last-value-clock',
  summary: SUMMARY,
  scenario,
  counts: 'vcpu-steps',
  scales: true,
  native: true,
};
