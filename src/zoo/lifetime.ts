import {
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_SUPPORTED_FEATURES,
} from '../abi/cpuid.ts';
import { KVM_MSR_ENABLED, MSR_KVM_ASYNC_PF_INT, MSR_KVM_SYSTEM_TIME_NEW } from '../abi/msr.ts';
import { cpuOffline } from '../guest/cpu-offline.ts';
import { referenceHost } from '../host/host-ops.ts';
import { MSR_IA32_TSC } from '../host/msr.ts';
import { VCPU } from '../host/records.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { ControlledSpec, Mutant } from '../scenarios/scenario.ts';

/** A clock area here would cross into the next page. */
const CROSSING = 0x1_fff0n;

const COMMON = {
  mechanism: 'lifetime',
  scenario: 'hotplug-disable',
  invariants: ['M1'],
  visibleUnder: ['sc', 'tso', 'weak'],
} as const;

/** The small instance with a clock area and no other, where an exit may come at any step. */
const CLOCK_ONLY: ControlledSpec = {
  machine: { features: 1 << KVM_FEATURE_CLOCKSOURCE2 },
};

/** The small instance with one write, of a value whose lowest bit is clear. */
const EVEN_VECTOR: ControlledSpec = {
  machine: {
    features: KVM_SUPPORTED_FEATURES,
    msrWrites: [{ index: MSR_KVM_ASYNC_PF_INT, value: 0xf2n }],
  },
};

/** Areas that somebody believes given up, and the host does not. */
export const lifetimeMutants: readonly Mutant[] = [
  {
    ...COMMON,
    id: 'Z-L1',
    side: 'guest',
    summary:
      'A CPU goes offline without disabling its areas: the host keeps writing into what is other memory by then.',
    source: 'constructed',
    roles: { cpuOffline() {} },
  },
  {
    ...COMMON,
    id: 'Z-L2',
    side: 'host',
    summary:
      'A disable leaves the address in the cache: the next steal time update still goes there.',
    source: 'constructed',
    host: {
      recordStealTime(kvm, vcpu) {
        const { memory } = kvm;
        const cached = memory.load32(vcpu + VCPU.stealCacheAddress) | 0;
        const enabled = (memory.load64(vcpu + VCPU.stealTime) & KVM_MSR_ENABLED) !== 0n;
        if (enabled) return referenceHost.recordStealTime(kvm, vcpu);
        if (cached === UNBACKED || cached === 0) return;
        kvm.ops.updateSteal(kvm, vcpu, cached);
        memory.store32(vcpu + VCPU.stealCacheAddress, UNBACKED);
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-L3',
    side: 'guest',
    summary:
      'A guest gives its clock area up by naming another one, which crosses a page: KVM refuses it without a word, and keeps the old one.',
    source: 'constructed',
    controlled: CLOCK_ONLY,
    roles: {
      cpuOffline(cpu, at) {
        const clock = (1 << KVM_FEATURE_CLOCKSOURCE) | (1 << KVM_FEATURE_CLOCKSOURCE2);
        cpuOffline(cpu, { features: at.features & ~clock });
        cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, CROSSING | KVM_MSR_ENABLED);
      },
    },
  },
  {
    ...COMMON,
    id: 'A-M1',
    side: 'host',
    scenario: 'msr-storm',
    summary: 'A disable of the clock area is stored, and the cache of it stays active.',
    source: 'constructed',
    host: {
      writeSystemTime(kvm, vcpu, value, oldMsr, hostInitiated) {
        const active = kvm.memory.load32(vcpu + VCPU.pvclockActive);
        referenceHost.writeSystemTime(kvm, vcpu, value, oldMsr, hostInitiated);
        if (active !== 0) kvm.memory.store32(vcpu + VCPU.pvclockActive, active);
      },
    },
  },
  {
    ...COMMON,
    id: 'A-M2',
    side: 'host',
    scenario: 'msr-storm',
    summary: 'The VMM restores no value of a register that has its lowest bit clear.',
    source: 'constructed',
    invariants: ['M2'],
    controlled: EVEN_VECTOR,
    host: {
      restoreVcpu(kvm, vcpu, saved) {
        const msrs = saved.msrs.filter(
          ({ index, data }) => index === MSR_IA32_TSC || (data & KVM_MSR_ENABLED) !== 0n,
        );
        referenceHost.restoreVcpu(kvm, vcpu, { ...saved, msrs });
      },
    },
  },
];
