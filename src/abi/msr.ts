import {
  KVM_FEATURE_ASYNC_PF,
  KVM_FEATURE_ASYNC_PF_INT,
  KVM_FEATURE_ASYNC_PF_VMEXIT,
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_MIGRATION_CONTROL,
  KVM_FEATURE_POLL_CONTROL,
  KVM_FEATURE_PV_EOI,
  KVM_FEATURE_STEAL_TIME,
} from './cpuid.ts';
import { KVM_VCPU_PV_APF_DATA_BOUND_BYTES } from './kvm-vcpu-pv-apf-data.ts';
import * as bits from './msr-bits.ts';
import {
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
  MSR_KVM_MIGRATION_CONTROL,
  MSR_KVM_POLL_CONTROL,
  MSR_KVM_PV_EOI_EN,
  MSR_KVM_STEAL_TIME,
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
} from './msr-index.ts';
import type { MsrRow } from './msr-row.ts';
import { PV_EOI_BOUND_BYTES } from './pv-eoi.ts';

export * from './msr-bits.ts';
export * from './msr-index.ts';
export type * from './msr-row.ts';

/** What most of them have in common. */
const PER_VCPU = {
  scope: 'vcpu',
  gatedBits: [],
  servedBy: 'kvm',
  reservedMask: 0n,
  addressMask: 0n,
  enableMask: 0n,
  boundBytes: 0,
  storedBeforeBinding: false,
  lapic: 'never',
  readsBack: true,
  resetValue: 0n,
  survivesInit: false,
  inIndexList: true,
} as const;

const WALL_CLOCK = {
  ...PER_VCPU,
  scope: 'vm',
  addressMask: bits.KVM_WALL_CLOCK_ADDRESS_MASK,
  survivesInit: true,
  doc: 'Makes the host write a pvclock_wall_clock at the address now, and never again by itself. No value faults.',
  source: 'kvm_set_msr_common, kvm_write_wall_clock',
} as const;

const SYSTEM_TIME = {
  ...PER_VCPU,
  addressMask: bits.KVM_SYSTEM_TIME_ADDRESS_MASK,
  enableMask: bits.KVM_MSR_ENABLED,
  doc: "Registers this vCPU's pvclock_vcpu_time_info. No value faults; memory that is missing is tried again at each update.",
  source: 'kvm_set_msr_common, kvm_write_system_time',
} as const;

/** Every MSR of the interface, by index. */
export const MSRS: readonly MsrRow[] = [
  {
    ...WALL_CLOCK,
    index: MSR_KVM_WALL_CLOCK,
    name: 'MSR_KVM_WALL_CLOCK',
    alias: MSR_KVM_WALL_CLOCK_NEW,
    feature: KVM_FEATURE_CLOCKSOURCE,
  },
  {
    ...SYSTEM_TIME,
    index: MSR_KVM_SYSTEM_TIME,
    name: 'MSR_KVM_SYSTEM_TIME',
    alias: MSR_KVM_SYSTEM_TIME_NEW,
    feature: KVM_FEATURE_CLOCKSOURCE,
  },
  {
    ...WALL_CLOCK,
    index: MSR_KVM_WALL_CLOCK_NEW,
    name: 'MSR_KVM_WALL_CLOCK_NEW',
    alias: MSR_KVM_WALL_CLOCK,
    feature: KVM_FEATURE_CLOCKSOURCE2,
  },
  {
    ...SYSTEM_TIME,
    index: MSR_KVM_SYSTEM_TIME_NEW,
    name: 'MSR_KVM_SYSTEM_TIME_NEW',
    alias: MSR_KVM_SYSTEM_TIME,
    feature: KVM_FEATURE_CLOCKSOURCE2,
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_ASYNC_PF_EN,
    name: 'MSR_KVM_ASYNC_PF_EN',
    feature: KVM_FEATURE_ASYNC_PF,
    gatedBits: [
      { mask: bits.KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT, feature: KVM_FEATURE_ASYNC_PF_VMEXIT },
      { mask: bits.KVM_ASYNC_PF_DELIVERY_AS_INT, feature: KVM_FEATURE_ASYNC_PF_INT },
    ],
    reservedMask: bits.KVM_ASYNC_PF_RESERVED_MASK,
    addressMask: bits.KVM_ASYNC_PF_ADDRESS_MASK,
    enableMask: bits.KVM_ASYNC_PF_ENABLED | bits.KVM_ASYNC_PF_DELIVERY_AS_INT,
    boundBytes: KVM_VCPU_PV_APF_DATA_BOUND_BYTES,
    storedBeforeBinding: true,
    lapic: 'nonzero',
    doc: 'Registers the mailbox of asynchronous page faults. Disabling drops what is outstanding.',
    source: 'kvm_pv_enable_async_pf',
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_STEAL_TIME,
    name: 'MSR_KVM_STEAL_TIME',
    feature: KVM_FEATURE_STEAL_TIME,
    reservedMask: bits.KVM_STEAL_RESERVED_MASK,
    addressMask: bits.KVM_STEAL_VALID_BITS,
    enableMask: bits.KVM_MSR_ENABLED,
    doc: "Registers this vCPU's kvm_steal_time. Every value faults on a host without scheduler statistics.",
    source: 'kvm_set_msr_common',
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_PV_EOI_EN,
    name: 'MSR_KVM_PV_EOI_EN',
    feature: KVM_FEATURE_PV_EOI,
    reservedMask: bits.KVM_PV_EOI_RESERVED_MASK,
    addressMask: bits.KVM_PV_EOI_ADDRESS_MASK,
    enableMask: bits.KVM_MSR_ENABLED,
    boundBytes: PV_EOI_BOUND_BYTES,
    doc: 'Registers the PV EOI word. Accepted without a LAPIC, where it does nothing.',
    source: 'kvm_lapic_set_pv_eoi',
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_POLL_CONTROL,
    name: 'MSR_KVM_POLL_CONTROL',
    feature: KVM_FEATURE_POLL_CONTROL,
    reservedMask: bits.KVM_POLL_CONTROL_RESERVED_MASK,
    enableMask: bits.KVM_POLL_CONTROL_ENABLED,
    resetValue: bits.KVM_POLL_CONTROL_ENABLED,
    survivesInit: true,
    doc: 'Lets the host poll for a while before it blocks a halted vCPU.',
    source: 'kvm_set_msr_common, kvm_arch_no_poll',
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_ASYNC_PF_INT,
    name: 'MSR_KVM_ASYNC_PF_INT',
    feature: KVM_FEATURE_ASYNC_PF_INT,
    reservedMask: bits.KVM_ASYNC_PF_INT_RESERVED_MASK,
    lapic: 'always',
    doc: 'Vector of the page-ready interrupt, to be set before ASYNC_PF_EN. No vector faults, 0 to 15 included.',
    source: 'kvm_pv_enable_async_pf_int',
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_ASYNC_PF_ACK,
    name: 'MSR_KVM_ASYNC_PF_ACK',
    feature: KVM_FEATURE_ASYNC_PF_INT,
    enableMask: bits.KVM_ASYNC_PF_ACKNOWLEDGE,
    readsBack: false,
    doc: 'A write with bit 0 set hands the token word back, so that the next page-ready may come. Holds nothing.',
    source: 'kvm_set_msr_common, kvm_check_async_pf_completion',
  },
  {
    ...PER_VCPU,
    index: MSR_KVM_MIGRATION_CONTROL,
    name: 'MSR_KVM_MIGRATION_CONTROL',
    scope: 'vm',
    feature: KVM_FEATURE_MIGRATION_CONTROL,
    servedBy: 'vmm',
    reservedMask: bits.KVM_MIGRATION_RESERVED_MASK,
    enableMask: bits.KVM_MIGRATION_READY,
    resetValue: bits.KVM_MIGRATION_READY,
    survivesInit: true,
    inIndexList: false,
    doc: 'Whether the guest may be migrated. Starts as 0 in a guest with encrypted memory.',
    source: 'Documentation/virt/kvm/x86/msr.rst',
  },
];

const BY_INDEX: ReadonlyMap<number, MsrRow> = new Map(MSRS.map((row) => [row.index, row]));

/** The row of an MSR, or undefined for an index that is none of the interface. */
export function msrByIndex(index: number): MsrRow | undefined {
  return BY_INDEX.get(index);
}
