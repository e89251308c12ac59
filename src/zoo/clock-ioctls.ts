import { KVM_CLOCK_TSC_STABLE } from '../abi/kvm-clock-data.ts';
import { readClock } from '../guest/pvclock.ts';
import { referenceHost } from '../host/host-ops.ts';
import { MSR_IA32_TSC } from '../host/msr.ts';
import { VM } from '../host/records.ts';
import { KVM_REQ_CLOCK_UPDATE } from '../host/requests.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const COMMON = {
  mechanism: 'kvmclock',
  side: 'host',
  visibleUnder: ['sc', 'tso', 'weak'],
} as const;

/** Broken clock ioctls, and what the guest makes of a TSC that was set back. */
export const clockIoctlMutants: readonly Mutant[] = [
  {
    ...COMMON,
    id: 'Z-C1',
    summary: 'KVM_GET_CLOCK decides on TSC_STABLE outside the lock under which it read the value.',
    source: '"KVM: x86: Fix potential race in KVM_GET_CLOCK"',
    scenario: 'clock-get-while-running',
    invariants: ['M3'],
    host: {
      getClock(kvm) {
        const data = referenceHost.getClock(kvm);
        const stable = kvm.memory.load32(kvm.vm + VM.useMasterClock) !== 0;
        const flags = stable
          ? data.flags | KVM_CLOCK_TSC_STABLE
          : data.flags & ~KVM_CLOCK_TSC_STABLE;
        return { ...data, flags };
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-C2',
    summary:
      'KVM_GET_CLOCK does not look at the sequence again: TSC and ns of two pairs are taken for one.',
    source: '869b44211adc (before it)',
    scenario: 'clock-get-while-running',
    invariants: ['M3'],
    host: {
      getClock(kvm) {
        kvm.ops.beginClockRead(kvm);
        return kvm.ops.readClockData(kvm);
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-C3',
    summary:
      'KVM_SET_CLOCK changes the offset after it has let the guests run again: a vCPU shows the old one next to one that shows the new.',
    source: 'Linux 5.13 source',
    scenario: 'clock-set-while-running',
    invariants: ['P4', 'P3'],
    host: {
      setClock(kvm, data) {
        kvm.ops.startPvclockUpdate(kvm);
        kvm.ops.updateGtodCopy(kvm);
        kvm.ops.endPvclockUpdate(kvm);
        kvm.ops.setClockOffset(kvm, data);
        const count = kvm.vcpuCount;
        for (let id = 0; id < count; id++) {
          kvm.ops.makeRequest(kvm, kvm.vcpu(id), KVM_REQ_CLOCK_UPDATE);
          kvm.ops.kickVcpu(kvm, kvm.vcpu(id));
        }
        return true;
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-C4',
    summary:
      'KVM_SET_CLOCK takes off "now" instead of the ns of the pair: a clock that is set to 0 wraps below it.',
    source: 'Linux 6.18 source, comment',
    scenario: 'clock-set-while-running',
    invariants: ['P5'],
    controlled: { vcpus: 1, clockSteps: 1 },
    host: { clockBaseNs: (kvm) => kvm.ops.bootRawNs(kvm) },
  },
  {
    ...COMMON,
    id: 'Z-C10',
    side: 'guest',
    summary:
      'The guest takes tsc - tsc_timestamp for unsigned, and sets its own TSC back before it reads.',
    source: 'constructed',
    scenario: 'clock-monotonic-stable',
    invariants: ['P3'],
    machine: { vcpus: 1 },
    controlled: { steps: { vcpu0: 2, host: 0 } },
    roles: {
      readClock(cpu, at) {
        cpu.wrmsr(MSR_IA32_TSC, 0n);
        return readClock(cpu, at);
      },
    },
  },
];
