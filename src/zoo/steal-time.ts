import {
  KVM_STEAL_TIME_FLAGS,
  KVM_STEAL_TIME_PREEMPTED,
  KVM_STEAL_TIME_STEAL,
  KVM_STEAL_TIME_VERSION,
  KVM_VCPU_PREEMPTED,
} from '../abi/kvm-steal-time.ts';
import { KVM_STEAL_VALID_BITS, MSR_KVM_STEAL_TIME } from '../abi/msr.ts';
import { referenceHost } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** ns by which the main thread of a VMM has waited longer for its physical CPU than a vCPU's thread. */
const MAIN_THREAD_AHEAD = 1_000_000n;

/** Broken hosts of steal time and the preempted byte. */
/** The vCPU has an instruction emulated; one look at its flag will do. */
const AN_INSTRUCTION = { steps: { vcpu0: 1, vcpu1: 1 } } as const;

export const stealTimeMutants: readonly Mutant[] = [
  {
    id: 'Z-S3',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'A vCPU is marked preempted wherever its thread loses the CPU, in the middle of an instruction too.',
    source: '6cd88243c7e0 (before it)',
    scenario: 'preempted-flag',
    invariants: ['S3', 'T2'],
    visibleUnder: EVERYWHERE,
    controlled: AN_INSTRUCTION,
    host: {
      setPreempted(kvm, vcpu) {
        if (kvm.memory.load32(vcpu + VCPU.preempted) !== 0) return;
        const area = kvm.ops.stealCache(kvm, vcpu);
        if (area === UNBACKED) return;
        kvm.memory.store8(area + KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_PREEMPTED);
        kvm.memory.store32(vcpu + VCPU.preempted, 1);
      },
    },
  },
  {
    id: 'Z-S4',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'A vCPU whose thread goes back to user space, in the middle of an instruction, is marked preempted.',
    source: '54aa83c90198, 118964562969 (before them)',
    scenario: 'preempted-flag',
    invariants: ['S3', 'M1'],
    visibleUnder: EVERYWHERE,
    controlled: AN_INSTRUCTION,
    host: {
      putVcpu(kvm, vcpu) {
        const area = kvm.ops.stealArea(kvm, vcpu);
        if (area === UNBACKED || kvm.memory.load32(vcpu + VCPU.preempted) !== 0) return;
        kvm.memory.store8(area + KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_PREEMPTED);
        kvm.memory.store32(vcpu + VCPU.preempted, 1);
      },
    },
  },
  {
    id: 'Z-S5',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      "A restored register takes the run delay of the thread that writes it, the VMM's main one, for the baseline of the vCPU's: steal goes back.",
    source: 'Launchpad 1494350',
    scenario: 'steal-time-remote-read',
    invariants: ['S1'],
    visibleUnder: EVERYWHERE,
    host: {
      setMsr(kvm, vcpu, access, value) {
        const { memory } = kvm;
        if (access.hostInitiated && access.index === MSR_KVM_STEAL_TIME) {
          // The main thread has waited longer than the vCPU's.
          const runDelay = memory.load64(vcpu + VCPU.runDelay) + MAIN_THREAD_AHEAD;
          memory.store64(vcpu + VCPU.lastSteal, BigInt.asUintN(64, runDelay));
        }
        return referenceHost.setMsr(kvm, vcpu, access, value);
      },
    },
  },
  {
    id: 'Z-S6',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'The host adds 2 to the version and writes the record with one copy: no version is ever odd, and two 32-bit loads tear.',
    source: 'Linux 4.4 source',
    scenario: 'steal-time-remote-read',
    invariants: ['S2'],
    visibleUnder: EVERYWHERE,
    host: {
      updateSteal(kvm, vcpu, area) {
        const { memory } = kvm;
        const version = (memory.load32(area + KVM_STEAL_TIME_VERSION) + 2) >>> 0;
        const flags = memory.load32(area + KVM_STEAL_TIME_FLAGS);
        memory.store64(area + KVM_STEAL_TIME_STEAL, kvm.ops.accumulateSteal(kvm, vcpu, area));
        memory.store32(area + KVM_STEAL_TIME_VERSION, version);
        memory.store32(area + KVM_STEAL_TIME_FLAGS, flags);
      },
    },
  },
  {
    id: 'Z-S7',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'The host keeps the address of the memory that the VMM had behind the area, and has moved since.',
    source: '7e2175ebd695 (before it)',
    scenario: 'memslot-move',
    invariants: ['M1', 'S2'],
    visibleUnder: EVERYWHERE,
    host: {
      stealArea(kvm, vcpu) {
        const { memory } = kvm;
        const gpa = memory.load64(vcpu + VCPU.stealTime) & KVM_STEAL_VALID_BITS;
        const area = referenceHost.stealArea(kvm, vcpu);
        const cached = area !== UNBACKED && memory.load64(vcpu + VCPU.stealCacheGpa) === gpa;
        return cached ? memory.load32(vcpu + VCPU.stealCacheAddress) : area;
      },
    },
  },
  {
    id: 'Z-S8',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'The host goes on with the area that it has in its cache after the guest has named another one.',
    source: '"KVM: x86: revalidate steal time cache if MSR value changes" (before it)',
    scenario: 'hotplug-disable',
    invariants: ['M1'],
    visibleUnder: EVERYWHERE,
    host: {
      stealArea(kvm, vcpu) {
        const cached = kvm.memory.load32(vcpu + VCPU.stealCacheAddress);
        const area = referenceHost.stealArea(kvm, vcpu);
        return area !== UNBACKED && cached !== 0 ? cached : area;
      },
    },
  },
  {
    id: 'Z-S14',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'No barrier between what was stolen and the even version: the version may be visible first.',
    source: 'Linux 6.18 source, off x86',
    scenario: 'steal-time-remote-read',
    invariants: ['S2'],
    visibleUnder: ['weak'],
    notOnThreads: 'x86 makes stores visible in program order.',
    host: {
      endSteal({ memory }, area, version) {
        memory.store32(area + KVM_STEAL_TIME_VERSION, (version + 1) >>> 0);
      },
    },
  },
  {
    id: 'Z-S15',
    mechanism: 'steal-time',
    side: 'host',
    summary:
      'The run delay is that of whichever thread last ran the vCPU, the baseline that of another: steal goes back.',
    source: 'constructed',
    scenario: 'steal-time-remote-read',
    invariants: ['S1'],
    visibleUnder: EVERYWHERE,
    host: {
      accumulateSteal(kvm, vcpu, area) {
        const { memory } = kvm;
        // The VMM runs the vCPU by two threads in turn; the other one never had to wait.
        if ((memory.load32(area + KVM_STEAL_TIME_VERSION) & 2) !== 0) {
          return referenceHost.accumulateSteal(kvm, vcpu, area);
        }
        const steal =
          memory.load64(area + KVM_STEAL_TIME_STEAL) - memory.load64(vcpu + VCPU.lastSteal);
        memory.store64(vcpu + VCPU.lastSteal, 0n);
        return BigInt.asUintN(64, steal);
      },
    },
  },
];
