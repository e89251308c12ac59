import {
  KVM_FEATURE_ASYNC_PF,
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_MIGRATION_CONTROL,
  KVM_FEATURE_PV_EOI,
  KVM_FEATURE_STEAL_TIME,
} from '../abi/cpuid.ts';
import { KVM_STEAL_TIME_BYTES } from '../abi/kvm-steal-time.ts';
import {
  KVM_VCPU_PV_APF_DATA_BYTES,
  KVM_VCPU_PV_APF_DATA_TOKEN,
} from '../abi/kvm-vcpu-pv-apf-data.ts';
import {
  KVM_ASYNC_PF_ACKNOWLEDGE,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_ENABLED,
  KVM_MIGRATION_READY,
  KVM_MSR_ENABLED,
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
  MSR_KVM_MIGRATION_CONTROL,
  MSR_KVM_PV_EOI_EN,
  MSR_KVM_STEAL_TIME,
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
} from '../abi/msr.ts';
import { PV_EOI_WORD_BYTES } from '../abi/pv-eoi.ts';
import { PVCLOCK_VCPU_TIME_INFO_BYTES } from '../abi/pvclock-vcpu-time-info.ts';
import { HYPERVISOR_CALLBACK_VECTOR } from '../abi/vector.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { type Abandoned, checkUntouched, reuse } from './abandoned.ts';
import { SCRATCH } from './guest-map.ts';
import { serveMigrationControl } from './hosts.ts';
import { checkLeaveTaken, MIGRATION_LEAVE_BYTES } from './migration-leave.ts';
import type { Program, VcpuThread } from './scenario.ts';

/** Guest: what one vCPU shares with the host, all of it in one place. */
const AREAS_BYTES = 0x200;
const STEAL = 0x40;
const OTHER_STEAL = 0x80;
const PV_EOI = 0xc0;
const ASYNC_PF = 0x100;

/** How long a vCPU is on, in looks. */
const MOST_WORK = 24;

export const HOTPLUG_OUTCOMES = [
  {
    outcome: 'offline',
    expect: 'ACCEPTABLE',
    description: 'The host wrote nothing where the vCPU had been.',
  },
  {
    outcome: 'moved',
    expect: 'INTERESTING',
    description: 'The same, after the steal time area had been moved as well.',
  },
] as const;
const OFFLINE = 0;
const MOVED = 1;

/** Ledger: what each vCPU has last said in MIGRATION_CONTROL. */
export const HOTPLUG_LEAVES = 0;
export const HOTPLUG_BYTES = MIGRATION_LEAVE_BYTES;

/** By EAX of the feature leaf. */
export const has = (features: number, feature: number): boolean =>
  (features & (1 << feature)) !== 0;
export const hasClock = (features: number): boolean =>
  has(features, KVM_FEATURE_CLOCKSOURCE2) || has(features, KVM_FEATURE_CLOCKSOURCE);

/** A vCPU that registers everything there is, works, goes offline by the role, and comes back. */
export function comeAndGo(thread: VcpuThread): Program {
  const { cpu, roles, machine, random, outcome, violated } = thread;
  const base = SCRATCH + cpu.id * AREAS_BYTES;
  const on = machine.features;
  if (has(on, KVM_FEATURE_MIGRATION_CONTROL)) serveMigrationControl(thread);
  const steal: Abandoned = {
    name: 'steal time area',
    gpa: base + STEAL,
    bytes: KVM_STEAL_TIME_BYTES,
  };
  const secondSteal = { ...steal, name: 'second steal time area', gpa: base + OTHER_STEAL };
  const clock = { name: 'clock area', gpa: base, bytes: PVCLOCK_VCPU_TIME_INFO_BYTES };
  const pvEoi = { name: 'PV EOI word', gpa: base + PV_EOI, bytes: PV_EOI_WORD_BYTES };
  const asyncPf = {
    name: 'async page fault area',
    gpa: base + ASYNC_PF,
    bytes: KVM_VCPU_PV_APF_DATA_BYTES,
  };
  const areas: readonly Abandoned[] = [
    ...(hasClock(on) ? [clock] : []),
    ...(has(on, KVM_FEATURE_STEAL_TIME) ? [steal, secondSteal] : []),
    ...(has(on, KVM_FEATURE_PV_EOI) ? [pvEoi] : []),
    ...(has(on, KVM_FEATURE_ASYNC_PF) ? [asyncPf] : []),
  ];
  for (const vector of machine.vectors) {
    cpu.onInterrupt(vector, () => roles.signalEoi(cpu, { word: base + PV_EOI }));
  }
  // The token ~0, which enabling brings: nobody sleeps here.
  cpu.onInterrupt(HYPERVISOR_CALLBACK_VECTOR, () => {
    roles.signalEoi(cpu, { word: base + PV_EOI });
    cpu.store32(base + ASYNC_PF + KVM_VCPU_PV_APF_DATA_TOKEN, 0);
    cpu.wrmsr(MSR_KVM_ASYNC_PF_ACK, KVM_ASYNC_PF_ACKNOWLEDGE);
  });
  const work = (): void => {
    for (let looks = 1 + random.pace(MOST_WORK); looks > 0; looks--) cpu.load32(base);
  };
  const comeOnline = (): void => {
    for (const { gpa, bytes } of areas)
      for (let at = 0; at < bytes; at += 4) cpu.store32(gpa + at, 0);
    goOnline(cpu, on, base);
  };
  comeOnline();
  let online = true;
  return {
    step() {
      if (!online) comeOnline();
      cpu.sti();
      work();
      const moves = has(on, KVM_FEATURE_STEAL_TIME) && random.below(4) === 0;
      if (moves) {
        cpu.wrmsr(MSR_KVM_STEAL_TIME, BigInt(base + OTHER_STEAL) | 1n);
        reuse(cpu, steal);
        work();
        checkUntouched(thread, cpu, steal);
      }
      cpu.cli();
      if (machine.exitsAnywhere && random.sometimes(2)) cpu.exitWithin(8);
      roles.cpuOffline(cpu, { features: on });
      online = false;
      if (cpu.interruptFlag) {
        violated('M1', `vCPU ${cpu.id} goes offline with interrupts on: they still use its areas.`);
      }
      checkDisabled(thread, on);
      if (has(on, KVM_FEATURE_MIGRATION_CONTROL)) checkLeaveTaken(thread, HOTPLUG_LEAVES);
      for (const area of areas) reuse(cpu, area);
      work();
      for (const area of areas) checkUntouched(thread, cpu, area);
      outcome(moves ? MOVED : OFFLINE);
    },
  };
}

/** What a CPU registers at bring-up. Source: `kvm_guest_cpu_init`, `kvm_register_clock`. */
function goOnline(cpu: Vcpu, features: number, base: number): void {
  if (has(features, KVM_FEATURE_CLOCKSOURCE2))
    cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(base) | 1n);
  else if (has(features, KVM_FEATURE_CLOCKSOURCE))
    cpu.wrmsr(MSR_KVM_SYSTEM_TIME, BigInt(base) | 1n);
  if (has(features, KVM_FEATURE_MIGRATION_CONTROL))
    cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, KVM_MIGRATION_READY);
  if (has(features, KVM_FEATURE_STEAL_TIME))
    cpu.wrmsr(MSR_KVM_STEAL_TIME, BigInt(base + STEAL) | 1n);
  if (has(features, KVM_FEATURE_PV_EOI)) cpu.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(base + PV_EOI) | 1n);
  if (!has(features, KVM_FEATURE_ASYNC_PF)) return;
  cpu.wrmsr(MSR_KVM_ASYNC_PF_INT, BigInt(HYPERVISOR_CALLBACK_VECTOR));
  const enable = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT;
  cpu.wrmsr(MSR_KVM_ASYNC_PF_EN, BigInt(base + ASYNC_PF) | enable);
}

/** MSRs that let the host write an area of the vCPU, by feature; where bit 0 is not all it takes, the bits that it takes. */
const ENABLING: readonly {
  readonly feature: number;
  readonly index: number;
  readonly area: string;
  readonly enabled?: bigint;
}[] = [
  { feature: KVM_FEATURE_CLOCKSOURCE2, index: MSR_KVM_SYSTEM_TIME_NEW, area: 'clock area' },
  { feature: KVM_FEATURE_CLOCKSOURCE, index: MSR_KVM_SYSTEM_TIME, area: 'clock area' },
  { feature: KVM_FEATURE_STEAL_TIME, index: MSR_KVM_STEAL_TIME, area: 'steal time area' },
  { feature: KVM_FEATURE_PV_EOI, index: MSR_KVM_PV_EOI_EN, area: 'PV EOI word' },
  {
    feature: KVM_FEATURE_ASYNC_PF,
    index: MSR_KVM_ASYNC_PF_EN,
    area: 'async page fault area',
    enabled: KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT,
  },
];

/** M1 of a guest that never asks: what it leaves enabled, the host may write at any time. */
function checkDisabled({ cpu, kvm, vcpu, violated }: VcpuThread, features: number): void {
  for (const { feature, index, area, enabled = KVM_MSR_ENABLED } of ENABLING) {
    if (!has(features, feature)) continue;
    const value = kvm.ops.getMsr(kvm, vcpu, { index, hostInitiated: true }) ?? 0n;
    if ((value & enabled) !== enabled) continue;
    violated('M1', `vCPU ${cpu.id} went offline and left its ${area} enabled.`, [
      `MSR 0x${index.toString(16)} is 0x${value.toString(16)}`,
    ]);
  }
}
