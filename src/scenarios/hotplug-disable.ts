import {
  KVM_FEATURE_ASYNC_PF,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_PV_EOI,
  KVM_FEATURE_STEAL_TIME,
} from '../abi/cpuid.ts';
import type { VcpuRecord } from '../host/kvm.ts';
import type { MachineSpec } from '../host/machine.ts';
import { comeAndGo, HOTPLUG_BYTES, HOTPLUG_OUTCOMES, has, hasClock } from './hotplug-guest.ts';
import type { HostThread, Program, Scenario, ThreadSpec } from './scenario.ts';

/** How long a vCPU is off its physical CPU, ns. */
const NANOSECONDS_OFF = 10_000;

/** Where interleavings are explored: everything that the guest registers, by itself. */
const SMALL =
  (1 << KVM_FEATURE_STEAL_TIME) |
  (1 << KVM_FEATURE_CLOCKSOURCE2) |
  (1 << KVM_FEATURE_PV_EOI) |
  (1 << KVM_FEATURE_ASYNC_PF);

/** vCPUs go offline and come back while the host has updates for them under way. */
export const hotplugDisable: Scenario = {
  name: 'hotplug-disable',
  summary:
    'vCPUs go offline, use their areas for something else and come back, while the host updates, preempts and interrupts them.',
  mechanism: 'lifetime',
  roles: ['cpuOffline', 'signalEoi'],
  invariants: ['M1'],
  outcomes: HOTPLUG_OUTCOMES,
  vcpus: { default: 2, least: 1, most: 63 },
  machine: { exitsAnywhere: true, vcpusMatchedTsc: false },
  ledgerBytes: HOTPLUG_BYTES,
  controlled: {
    vcpus: 1,
    clockSteps: 0,
    machine: { exitsAnywhere: false, features: SMALL },
  },
  threads: hotplugThreads,
};

/** Each vCPU, and what disturbs them. */
export function hotplugThreads({ vcpus }: MachineSpec): readonly ThreadSpec[] {
  return [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: comeAndGo,
    })),
    { name: 'vmm', start: disturb },
  ];
}

function disturb({ kvm, machine, random, idle }: HostThread): Program {
  const { features, vectors } = machine;
  const vector = (): number => vectors[random.below(vectors.length)]!;
  /** What makes the host write one of the areas that there are. */
  const disturbances: ((vcpu: VcpuRecord) => void)[] = [
    ...(has(features, KVM_FEATURE_STEAL_TIME)
      ? [(vcpu: VcpuRecord) => kvm.ops.preemptVcpu(kvm, vcpu, NANOSECONDS_OFF)]
      : []),
    ...(hasClock(features) ? [(vcpu: VcpuRecord) => kvm.ops.globalClockUpdate(kvm, vcpu)] : []),
    // Stops all vCPUs: to one that is alone it is a clock update like the other.
    ...(hasClock(features) && machine.vcpus > 1 ? [() => kvm.ops.updateMasterclock(kvm)] : []),
    ...(has(features, KVM_FEATURE_PV_EOI)
      ? [(vcpu: VcpuRecord) => kvm.ops.acceptInterrupt(kvm, vcpu, vector())]
      : []),
  ];
  return {
    step() {
      const vcpu = kvm.vcpu(random.below(machine.vcpus));
      // Where interleavings are explored, the first kind: another is first on a machine with that area alone.
      const kind = random.sometimes(2) ? 0 : random.below(disturbances.length);
      disturbances[kind]!(vcpu);
      idle();
    },
  };
}
