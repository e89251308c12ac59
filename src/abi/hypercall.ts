import {
  KVM_FEATURE_HC_MAP_GPA_RANGE,
  KVM_FEATURE_PV_SCHED_YIELD,
  KVM_FEATURE_PV_SEND_IPI,
  KVM_FEATURE_PV_UNHALT,
} from './cpuid.ts';

/**
 * Hypercalls: number in RAX, arguments in RBX, RCX, RDX, RSI, result in RAX. All are cut to 32 bits
 * outside of 64-bit mode.
 *
 * Source: include/uapi/linux/kvm_para.h, ____kvm_emulate_hypercall.
 */
export const KVM_HC_VAPIC_POLL_IRQ = 1;
export const KVM_HC_MMU_OP = 2;
export const KVM_HC_FEATURES = 3;
export const KVM_HC_PPC_MAP_MAGIC_PAGE = 4;
export const KVM_HC_KICK_CPU = 5;
export const KVM_HC_MIPS_GET_CLOCK_FREQ = 6;
export const KVM_HC_MIPS_EXIT_VM = 7;
export const KVM_HC_MIPS_CONSOLE_OUTPUT = 8;
export const KVM_HC_CLOCK_PAIRING = 9;
export const KVM_HC_SEND_IPI = 10;
export const KVM_HC_SCHED_YIELD = 11;
export const KVM_HC_MAP_GPA_RANGE = 12;

/** Errors, positive; a hypercall returns them negated. */
export const KVM_EPERM = 1;
export const KVM_E2BIG = 7;
export const KVM_EFAULT = 14;
export const KVM_EINVAL = 22;
export const KVM_EOPNOTSUPP = 95;
/** Unknown number, or one that a feature bit gates off. Not the ENOSYS of Linux. */
export const KVM_ENOSYS = 1000;

/** KVM_HC_MAP_GPA_RANGE, attributes 3:0: page size, a code of which three values are defined. */
export const KVM_MAP_GPA_RANGE_PAGE_SZ_MASK = 0xfn;
export const KVM_MAP_GPA_RANGE_PAGE_SZ_4K = 0n;
export const KVM_MAP_GPA_RANGE_PAGE_SZ_2M = 1n << 0n;
export const KVM_MAP_GPA_RANGE_PAGE_SZ_1G = 1n << 1n;
/** KVM_HC_MAP_GPA_RANGE, attribute 4: the range is encrypted. */
export const KVM_MAP_GPA_RANGE_ENCRYPTED = 1n << 4n;
export const KVM_MAP_GPA_RANGE_DECRYPTED = 0n << 4n;
/** KVM_HC_MAP_GPA_RANGE, attributes 63:5: 0, and the VMM's to check. KVM looks at no attribute. */
export const KVM_MAP_GPA_RANGE_RESERVED_MASK = 0xffff_ffff_ffff_ffe0n;

/** Hypercalls that KVM_CAP_EXIT_HYPERCALL may be asked to pass to the VMM, a bit for each number. */
export const KVM_EXIT_HYPERCALL_VALID_MASK = 1n << BigInt(KVM_HC_MAP_GPA_RANGE);
/** Flag of such an exit: the caller was in 64-bit mode. */
export const KVM_EXIT_HYPERCALL_LONG_MODE = 1n << 0n;

/** KVM_HC_SEND_IPI, bits of the ICR argument that raise EINVAL: logical destination, shorthands. */
export const APIC_DEST_MASK = 0x800;
export const APIC_SHORT_MASK = 0xc_0000;

/** One hypercall. */
export interface HypercallRow {
  readonly nr: number;
  /** The kernel's name. */
  readonly name: string;
  /** On any other architecture, and where `served` is false, the answer is -KVM_ENOSYS. */
  readonly arch: 'x86' | 'powerpc' | 'mips';
  /** Whether KVM on x86 does anything for it. */
  readonly served: boolean;
  /** Feature bit without which it is -KVM_ENOSYS where CPUID is enforced. Absent: not gated by KVM. */
  readonly feature?: number;
  /** Feature bit by which the guest learns of it, where KVM itself does not look at that bit. */
  readonly advertisedBy?: number;
  /** Arguments in the order of the registers. */
  readonly args: readonly string[];
  /** What it does; what it returns on success. */
  readonly doc: string;
  /** Errors of its own and what raises them. -KVM_EPERM at CPL > 0 comes first everywhere. */
  readonly errors?: readonly (readonly [error: number, cause: string])[];
}

const UNSERVED = { served: false, args: [] } as const;

/** Every hypercall number that is taken, by number. */
export const HYPERCALLS: readonly HypercallRow[] = [
  {
    nr: KVM_HC_VAPIC_POLL_IRQ,
    name: 'KVM_HC_VAPIC_POLL_IRQ',
    arch: 'x86',
    served: true,
    args: [],
    doc: 'Nothing but the exit, which lets pending interrupts in; 0.',
  },
  {
    ...UNSERVED,
    nr: KVM_HC_MMU_OP,
    name: 'KVM_HC_MMU_OP',
    arch: 'x86',
    doc: 'Page table updates; removed.',
  },
  {
    ...UNSERVED,
    nr: KVM_HC_FEATURES,
    name: 'KVM_HC_FEATURES',
    arch: 'powerpc',
    doc: 'Asks which hypercalls there are.',
  },
  {
    ...UNSERVED,
    nr: KVM_HC_PPC_MAP_MAGIC_PAGE,
    name: 'KVM_HC_PPC_MAP_MAGIC_PAGE',
    arch: 'powerpc',
    doc: 'Maps a page of shared registers.',
  },
  {
    nr: KVM_HC_KICK_CPU,
    name: 'KVM_HC_KICK_CPU',
    arch: 'x86',
    served: true,
    feature: KVM_FEATURE_PV_UNHALT,
    args: ['flags, ignored', 'APIC id'],
    doc: 'Wakes a vCPU from HLT, or its next HLT if it is awake; 0, also for an id that does not exist.',
  },
  {
    ...UNSERVED,
    nr: KVM_HC_MIPS_GET_CLOCK_FREQ,
    name: 'KVM_HC_MIPS_GET_CLOCK_FREQ',
    arch: 'mips',
    doc: 'Frequency of the host CPU.',
  },
  {
    ...UNSERVED,
    nr: KVM_HC_MIPS_EXIT_VM,
    name: 'KVM_HC_MIPS_EXIT_VM',
    arch: 'mips',
    doc: 'Ends the guest.',
  },
  {
    ...UNSERVED,
    nr: KVM_HC_MIPS_CONSOLE_OUTPUT,
    name: 'KVM_HC_MIPS_CONSOLE_OUTPUT',
    arch: 'mips',
    doc: 'Prints.',
  },
  {
    nr: KVM_HC_CLOCK_PAIRING,
    name: 'KVM_HC_CLOCK_PAIRING',
    arch: 'x86',
    served: true,
    args: ['address of a kvm_clock_pairing', 'clock type, KVM_CLOCK_PAIRING_WALLCLOCK'],
    doc: 'Host realtime and guest TSC of one instant; 0.',
    errors: [
      [KVM_EOPNOTSUPP, 'another type, or a host clock that is not the TSC'],
      [KVM_EFAULT, 'memory that cannot be written'],
    ],
  },
  {
    nr: KVM_HC_SEND_IPI,
    name: 'KVM_HC_SEND_IPI',
    arch: 'x86',
    served: true,
    feature: KVM_FEATURE_PV_SEND_IPI,
    args: [
      'targets, low word of a bitmap',
      'targets, high word',
      'APIC id of the lowest bit',
      'ICR',
    ],
    doc: 'One IPI for each set bit that is a vCPU; how many got it. Words of 64 bits, 32 outside of 64-bit mode.',
    errors: [
      [KVM_EINVAL, 'a bit of APIC_DEST_MASK or APIC_SHORT_MASK in the ICR'],
      [KVM_EOPNOTSUPP, 'no APIC yet'],
    ],
  },
  {
    nr: KVM_HC_SCHED_YIELD,
    name: 'KVM_HC_SCHED_YIELD',
    arch: 'x86',
    served: true,
    feature: KVM_FEATURE_PV_SCHED_YIELD,
    args: ['APIC id'],
    doc: 'Gives the physical CPU to a vCPU, as a hint; 0.',
  },
  {
    nr: KVM_HC_MAP_GPA_RANGE,
    name: 'KVM_HC_MAP_GPA_RANGE',
    arch: 'x86',
    served: true,
    advertisedBy: KVM_FEATURE_HC_MAP_GPA_RANGE,
    args: ['address, page-aligned', 'number of 4 KiB pages', 'attributes, KVM_MAP_GPA_RANGE_*'],
    doc: "Tells the VMM whether memory is encrypted; the VMM's answer.",
    errors: [
      [KVM_ENOSYS, 'the VMM has not enabled the exit'],
      [KVM_EINVAL, 'an address off a page, no pages, or a range that wraps'],
    ],
  },
];

const BY_NUMBER: ReadonlyMap<number, HypercallRow> = new Map(
  HYPERCALLS.map((row) => [row.nr, row]),
);

/** The row of a hypercall number, or undefined for one that is free. */
export function hypercallByNumber(nr: number): HypercallRow | undefined {
  return BY_NUMBER.get(nr);
}
