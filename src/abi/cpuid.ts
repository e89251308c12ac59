/**
 * How a guest finds KVM and learns what it offers.
 *
 * Source: arch/x86/include/uapi/asm/kvm_para.h, Documentation/virt/kvm/x86/cpuid.rst.
 */

/** Leaf 1, ECX: bit that says a hypervisor is present. */
export const CPUID_HYPERVISOR_BIT = 31;

/** Signature leaf. Also where the search for it starts: the leaves may sit higher, behind Hyper-V's. */
export const KVM_CPUID_SIGNATURE = 0x4000_0000;
/** Feature leaf, relative to a signature leaf at `KVM_CPUID_SIGNATURE`. */
export const KVM_CPUID_FEATURES = 0x4000_0001;
/** Distance of two leaves where the signature may be. */
export const KVM_CPUID_BASE_STEP = 0x100;
/** The search ends below this leaf. */
export const KVM_CPUID_BASE_LIMIT = 0x4001_0000;

/** The signature, 12 bytes; the registers hold 4 each, in the order EBX, ECX, EDX. */
export const KVM_SIGNATURE = 'KVMKVMKVM\0\0\0';
export const KVM_SIGNATURE_EBX = 0x4b4d_564b;
export const KVM_SIGNATURE_ECX = 0x564b_4d56;
export const KVM_SIGNATURE_EDX = 0x0000_004d;

/** Bit numbers in EAX of the feature leaf. */
export const KVM_FEATURE_CLOCKSOURCE = 0;
export const KVM_FEATURE_NOP_IO_DELAY = 1;
export const KVM_FEATURE_MMU_OP = 2;
export const KVM_FEATURE_CLOCKSOURCE2 = 3;
export const KVM_FEATURE_ASYNC_PF = 4;
export const KVM_FEATURE_STEAL_TIME = 5;
export const KVM_FEATURE_PV_EOI = 6;
export const KVM_FEATURE_PV_UNHALT = 7;
export const KVM_FEATURE_PV_TLB_FLUSH = 9;
export const KVM_FEATURE_ASYNC_PF_VMEXIT = 10;
export const KVM_FEATURE_PV_SEND_IPI = 11;
export const KVM_FEATURE_POLL_CONTROL = 12;
export const KVM_FEATURE_PV_SCHED_YIELD = 13;
export const KVM_FEATURE_ASYNC_PF_INT = 14;
export const KVM_FEATURE_MSI_EXT_DEST_ID = 15;
export const KVM_FEATURE_HC_MAP_GPA_RANGE = 16;
export const KVM_FEATURE_MIGRATION_CONTROL = 17;
export const KVM_FEATURE_CLOCKSOURCE_STABLE_BIT = 24;

/** Bit number in EDX of the feature leaf. */
export const KVM_HINTS_REALTIME = 0;

/** One bit of the feature leaf. */
export interface FeatureBit {
  readonly bit: number;
  /** The kernel's name. */
  readonly name: string;
  /** Who puts it there: KVM by itself, only a VMM, or nobody any more. */
  readonly providedBy: 'kvm' | 'vmm' | 'nobody';
  readonly doc: string;
}

/** EAX of the feature leaf. Bits that are missing here have no meaning. */
export const KVM_FEATURE_BITS: readonly FeatureBit[] = [
  {
    bit: KVM_FEATURE_CLOCKSOURCE,
    name: 'KVM_FEATURE_CLOCKSOURCE',
    providedBy: 'kvm',
    doc: 'kvmclock at MSRs 0x11 and 0x12.',
  },
  {
    bit: KVM_FEATURE_NOP_IO_DELAY,
    name: 'KVM_FEATURE_NOP_IO_DELAY',
    providedBy: 'kvm',
    doc: 'Delays after port I/O are not needed.',
  },
  {
    bit: KVM_FEATURE_MMU_OP,
    name: 'KVM_FEATURE_MMU_OP',
    providedBy: 'nobody',
    doc: 'Page table updates by hypercall; removed.',
  },
  {
    bit: KVM_FEATURE_CLOCKSOURCE2,
    name: 'KVM_FEATURE_CLOCKSOURCE2',
    providedBy: 'kvm',
    doc: 'kvmclock at MSRs 0x4b564d00 and 0x4b564d01.',
  },
  {
    bit: KVM_FEATURE_ASYNC_PF,
    name: 'KVM_FEATURE_ASYNC_PF',
    providedBy: 'kvm',
    doc: 'Asynchronous page faults, MSR 0x4b564d02.',
  },
  {
    bit: KVM_FEATURE_STEAL_TIME,
    name: 'KVM_FEATURE_STEAL_TIME',
    providedBy: 'kvm',
    doc: 'Steal time, MSR 0x4b564d03; only where the host keeps scheduler statistics.',
  },
  {
    bit: KVM_FEATURE_PV_EOI,
    name: 'KVM_FEATURE_PV_EOI',
    providedBy: 'kvm',
    doc: 'PV EOI, MSR 0x4b564d04.',
  },
  {
    bit: KVM_FEATURE_PV_UNHALT,
    name: 'KVM_FEATURE_PV_UNHALT',
    providedBy: 'kvm',
    doc: 'A halted vCPU can be kicked by hypercall; taken away where HLT does not exit.',
  },
  {
    bit: KVM_FEATURE_PV_TLB_FLUSH,
    name: 'KVM_FEATURE_PV_TLB_FLUSH',
    providedBy: 'kvm',
    doc: 'TLB flushes may be left to the next entry of a preempted vCPU; needs steal time.',
  },
  {
    bit: KVM_FEATURE_ASYNC_PF_VMEXIT,
    name: 'KVM_FEATURE_ASYNC_PF_VMEXIT',
    providedBy: 'kvm',
    doc: 'Bit 2 of ASYNC_PF_EN may be set.',
  },
  {
    bit: KVM_FEATURE_PV_SEND_IPI,
    name: 'KVM_FEATURE_PV_SEND_IPI',
    providedBy: 'kvm',
    doc: 'IPIs to many vCPUs by one hypercall.',
  },
  {
    bit: KVM_FEATURE_POLL_CONTROL,
    name: 'KVM_FEATURE_POLL_CONTROL',
    providedBy: 'kvm',
    doc: 'Host-side halt polling can be switched, MSR 0x4b564d05.',
  },
  {
    bit: KVM_FEATURE_PV_SCHED_YIELD,
    name: 'KVM_FEATURE_PV_SCHED_YIELD',
    providedBy: 'kvm',
    doc: 'Yield to a preempted vCPU by hypercall.',
  },
  {
    bit: KVM_FEATURE_ASYNC_PF_INT,
    name: 'KVM_FEATURE_ASYNC_PF_INT',
    providedBy: 'kvm',
    doc: 'Page-ready by interrupt: bit 3 of ASYNC_PF_EN, MSRs 0x4b564d06 and 0x4b564d07.',
  },
  {
    bit: KVM_FEATURE_MSI_EXT_DEST_ID,
    name: 'KVM_FEATURE_MSI_EXT_DEST_ID',
    providedBy: 'vmm',
    doc: 'MSI addresses carry 15 bits of APIC id.',
  },
  {
    bit: KVM_FEATURE_HC_MAP_GPA_RANGE,
    name: 'KVM_FEATURE_HC_MAP_GPA_RANGE',
    providedBy: 'vmm',
    doc: 'The VMM serves KVM_HC_MAP_GPA_RANGE.',
  },
  {
    bit: KVM_FEATURE_MIGRATION_CONTROL,
    name: 'KVM_FEATURE_MIGRATION_CONTROL',
    providedBy: 'vmm',
    doc: 'The VMM serves MSR 0x4b564d08.',
  },
  {
    bit: KVM_FEATURE_CLOCKSOURCE_STABLE_BIT,
    name: 'KVM_FEATURE_CLOCKSOURCE_STABLE_BIT',
    providedBy: 'kvm',
    doc: 'The flags of pvclock_vcpu_time_info have a meaning; without this bit all are ignored.',
  },
];

/** EDX of the feature leaf. */
export const KVM_HINT_BITS: readonly FeatureBit[] = [
  {
    bit: KVM_HINTS_REALTIME,
    name: 'KVM_HINTS_REALTIME',
    providedBy: 'vmm',
    doc: 'vCPUs are never preempted for long: PV spinlocks, TLB flush and yield are better off.',
  },
];

/** EAX as KVM_GET_SUPPORTED_CPUID reports it, unsigned: every bit that KVM provides. */
export const KVM_SUPPORTED_FEATURES = KVM_FEATURE_BITS.reduce(
  (mask, row) => (row.providedBy === 'kvm' ? (mask | (1 << row.bit)) >>> 0 : mask),
  0,
);
