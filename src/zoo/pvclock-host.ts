import { KVM_CLOCK_TSC_STABLE } from '../abi/kvm-clock-data.ts';
import {
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_VCPU_TIME_INFO_BYTES,
  PVCLOCK_VERSION,
} from '../abi/pvclock-vcpu-time-info.ts';
import { referenceHost } from '../host/host-ops.ts';
import { VCPU, VM } from '../host/records.ts';
import { KVM_REQ_CLOCK_UPDATE, KVM_REQ_MCLOCK_INPROGRESS } from '../host/requests.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** Broken hosts of kvmclock, its master clock and its ioctls. */
export const pvclockHostMutants: readonly Mutant[] = [
  {
    id: 'Z-P1',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'The host publishes with one copy and a version two higher: no version is ever odd.',
    source: 'Linux 2.6.38 source',
    scenario: 'pvclock-torn-read',
    invariants: ['P1', 'P2'],
    visibleUnder: EVERYWHERE,
    host: {
      publishClock(kvm, vcpu, parameters) {
        const gpa = Number(kvm.memory.load64(vcpu + VCPU.pvclockGpa));
        const area = kvm.cpu.translate(gpa, PVCLOCK_VCPU_TIME_INFO_BYTES);
        if (area === UNBACKED) return;
        const version = (kvm.memory.load32(area + PVCLOCK_VERSION) + 2) >>> 0;
        kvm.ops.copyClock(kvm, area, version, parameters);
      },
    },
  },
  {
    id: 'Z-P7',
    mechanism: 'kvmclock',
    side: 'host',
    summary:
      'Junk in the version is taken for a version: an odd one becomes even while the update is in progress.',
    source: 'constructed',
    scenario: 'pvclock-torn-read',
    invariants: ['P1', 'P2'],
    visibleUnder: EVERYWHERE,
    machine: { initialVersion: 7 },
    host: { oddVersion: (version) => (version + 1) >>> 0 },
  },
  {
    id: 'Z-P12',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'TSC_STABLE is claimed while each vCPU samples a pair of its own.',
    source: 'd828199e8444 (before it)',
    scenario: 'clock-monotonic-stable',
    invariants: ['P4'],
    visibleUnder: EVERYWHERE,
    machine: { samplingGap: 2_000 },
    host: {
      clockParameters(kvm, vcpu) {
        const { memory, ops, vm } = kvm;
        const parameters = referenceHost.clockParameters(kvm, vcpu);
        const hostTsc = kvm.cpu.hostTsc();
        const kernelNs = ops.bootRawNs(kvm);
        return {
          ...parameters,
          tscTimestamp: ops.guestTsc(kvm, vcpu, hostTsc),
          systemTime: BigInt.asUintN(64, kernelNs + memory.load64(vm + VM.kvmclockOffset)),
          flags: PVCLOCK_TSC_STABLE_BIT,
        };
      },
    },
  },
  {
    id: 'Z-P13',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'The world is let go before every vCPU has been told to take the new pair.',
    source: 'constructed',
    scenario: 'clock-monotonic-stable',
    invariants: ['P4', 'R1'],
    visibleUnder: EVERYWHERE,
    host: {
      releaseVcpus(kvm) {
        const count = kvm.vcpuCount;
        for (let id = 0; id < count; id++) {
          kvm.ops.clearRequest(kvm, kvm.vcpu(id), KVM_REQ_MCLOCK_INPROGRESS);
        }
        for (let id = 0; id < count; id++) {
          kvm.ops.makeRequest(kvm, kvm.vcpu(id), KVM_REQ_CLOCK_UPDATE);
        }
      },
    },
  },
  {
    id: 'Z-P14',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'The update does not wait until all vCPUs have left guest mode.',
    source: 'constructed',
    scenario: 'clock-monotonic-stable',
    invariants: ['P4'],
    visibleUnder: EVERYWHERE,
    host: {
      makeAllVcpusRequestAndWait(kvm, request) {
        const count = kvm.vcpuCount;
        for (let id = 0; id < count; id++) kvm.ops.makeRequest(kvm, kvm.vcpu(id), request);
        for (let id = 0; id < count; id++) kvm.ops.kickVcpu(kvm, kvm.vcpu(id));
      },
    },
  },
  {
    id: 'Z-P17',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'An update drops the GUEST_STOPPED that the guest has not seen yet.',
    source: 'constructed',
    scenario: 'guest-stopped',
    invariants: ['P6'],
    visibleUnder: EVERYWHERE,
    host: { retainedFlags: () => 0 },
  },
  {
    id: 'Z-C1',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'KVM_GET_CLOCK decides on TSC_STABLE outside the lock under which it read the value.',
    source: '"KVM: x86: Fix potential race in KVM_GET_CLOCK"',
    scenario: 'clock-get-while-running',
    invariants: ['M3'],
    visibleUnder: EVERYWHERE,
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
];
