import {
  PVCLOCK_COUNTS_FROM_ZERO,
  PVCLOCK_SYSTEM_TIME,
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_TSC_TIMESTAMP,
  PVCLOCK_VCPU_TIME_INFO_BYTES,
  PVCLOCK_VERSION,
} from '../abi/pvclock-vcpu-time-info.ts';
import { referenceHost } from '../host/host-ops.ts';
import { VCPU, VM } from '../host/records.ts';
import { KVM_REQ_CLOCK_UPDATE, KVM_REQ_MCLOCK_INPROGRESS } from '../host/requests.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { readerWith } from './pvclock-reader.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** Resolution of a coarse clock, ns. */
const COARSE_TICK = 4_096n;

/** Broken hosts of kvmclock and its master clock. */
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
    invariants: ['P1', 'P2', 'N1'],
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
    id: 'Z-P2',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'No barrier after the odd version: the fields may be visible before it.',
    source: 'constructed',
    scenario: 'pvclock-torn-read',
    invariants: ['P1'],
    visibleUnder: ['weak'],
    notOnThreads: 'x86 makes stores visible in program order.',
    host: {
      beginPublication(kvm, area) {
        const version = kvm.ops.oddVersion(kvm.memory.load32(area + PVCLOCK_VERSION));
        kvm.memory.store32(area + PVCLOCK_VERSION, version);
        return version;
      },
    },
  },
  {
    id: 'Z-P3',
    mechanism: 'kvmclock',
    side: 'host',
    summary: 'No barrier before the even version: it may be visible before the fields.',
    source: 'constructed',
    scenario: 'pvclock-torn-read',
    invariants: ['P1'],
    visibleUnder: ['weak'],
    notOnThreads: 'x86 makes stores visible in program order.',
    host: {
      endPublication(kvm, area, version) {
        kvm.memory.store32(area + PVCLOCK_VERSION, (version + 1) >>> 0);
      },
    },
  },
  {
    id: 'Z-P11',
    mechanism: 'kvmclock',
    side: 'host',
    summary:
      'A new pair takes its ns from a coarse clock, which is behind what the guest has made of the old pair.',
    source: '1d5f066e0b63 (before it)',
    scenario: 'clock-monotonic-stable',
    invariants: ['P3'],
    visibleUnder: EVERYWHERE,
    machine: { vcpus: 1 },
    controlled: { steps: { vcpu0: 2, host: 0 } },
    host: {
      updateGtodCopy(kvm) {
        referenceHost.updateGtodCopy(kvm);
        const nanoseconds = kvm.memory.load64(kvm.vm + VM.masterKernelNs);
        kvm.memory.store64(kvm.vm + VM.masterKernelNs, nanoseconds - (nanoseconds % COARSE_TICK));
      },
    },
  },
  {
    id: 'Z-P15',
    mechanism: 'kvmclock',
    side: 'host',
    summary:
      'A vCPU reads the pair without the sequence count: the TSC of one pair with the ns of the next.',
    source: 'constructed',
    scenario: 'clock-pair-updates',
    invariants: ['P1', 'P4'],
    visibleUnder: EVERYWHERE,
    host: { beginClockRead: () => 0, retryClockRead: () => false },
  },
  {
    id: 'Z-P16',
    mechanism: 'kvmclock',
    side: 'host',
    summary:
      'Only the vCPU that moved to another physical CPU is updated: the others drift away on lines of before.',
    source: '0061d53daf26 (before it)',
    scenario: 'clock-updates-all',
    invariants: ['P5', 'P4'],
    visibleUnder: EVERYWHERE,
    host: {
      globalClockUpdate(kvm, vcpu) {
        kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_CLOCK_UPDATE);
      },
    },
  },
  {
    id: 'Z-P20',
    mechanism: 'kvmclock',
    side: 'host',
    summary:
      'The host sets flag bit 2, once COUNTS_FROM_ZERO; a guest that knows it takes off what the publication started from.',
    source: 'pvclock-abi.h, comment',
    scenario: 'clock-monotonic-stable',
    invariants: ['P5'],
    visibleUnder: EVERYWHERE,
    roles: {
      readClock: readerWith({
        base: (systemTime, flags) => ((flags & PVCLOCK_COUNTS_FROM_ZERO) === 0 ? systemTime : 0n),
      }),
    },
    host: {
      clockParameters(kvm, vcpu) {
        const parameters = referenceHost.clockParameters(kvm, vcpu);
        return { ...parameters, flags: parameters.flags | PVCLOCK_COUNTS_FROM_ZERO };
      },
    },
  },
  {
    id: 'Z-P24',
    mechanism: 'kvmclock',
    side: 'host',
    summary:
      'When the frequency has changed, the new multiplier is published with the TSC and ns of before: what has passed since counts at the new rate.',
    source: 'constructed',
    scenario: 'clock-frequency-change',
    invariants: ['P3'],
    visibleUnder: EVERYWHERE,
    host: {
      clockParameters(kvm, vcpu) {
        const { memory } = kvm;
        const kHz = memory.load32(vcpu + VCPU.hwTscKhz);
        const parameters = referenceHost.clockParameters(kvm, vcpu);
        if (kHz === 0 || kHz === memory.load32(vcpu + VCPU.hwTscKhz)) return parameters;
        const gpa = Number(memory.load64(vcpu + VCPU.pvclockGpa));
        const area = kvm.cpu.translate(gpa, PVCLOCK_VCPU_TIME_INFO_BYTES);
        return {
          ...parameters,
          tscTimestamp: memory.load64(area + PVCLOCK_TSC_TIMESTAMP),
          systemTime: memory.load64(area + PVCLOCK_SYSTEM_TIME),
        };
      },
    },
  },
];
