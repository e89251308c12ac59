/** Bits of a value that a feature of their own gates, where CPUID is enforced. */
export interface GatedBits {
  readonly mask: bigint;
  /** Bit number in EAX of the feature leaf. */
  readonly feature: number;
}

/** One MSR: what may be written to it, what it holds, and when it is there at all. */
export interface MsrRow {
  readonly index: number;
  /** The kernel's name. */
  readonly name: string;
  /** Index of the other name of the same register. */
  readonly alias?: number;
  /** One register for the VM, or one for each vCPU. */
  readonly scope: 'vm' | 'vcpu';
  /** Feature bit without which accesses are refused, where CPUID is enforced. */
  readonly feature: number;
  /** Bits that need a further feature then. */
  readonly gatedBits: readonly GatedBits[];
  /** `vmm`: KVM does not know the MSR; a VMM serves it, or accesses are refused. */
  readonly servedBy: 'kvm' | 'vmm';
  /** Bits that raise #GP when set. */
  readonly reservedMask: bigint;
  /** Bits that hold a guest-physical address; 0 where there is none. */
  readonly addressMask: bigint;
  /** Bits that must all be set for the mechanism to work; 0 where there is none. */
  readonly enableMask: bigint;
  /**
   * Bytes that must be backed by memory when an enabled address is written, or #GP; 0 where the
   * address is not checked.
   */
  readonly boundBytes: number;
  /** Whether the value has replaced the old one even if the address is then refused. */
  readonly storedBeforeBinding: boolean;
  /** Which values need a LAPIC in the kernel. */
  readonly lapic: 'never' | 'nonzero' | 'always';
  /** Whether a read returns what was written. Otherwise it returns 0. */
  readonly readsBack: boolean;
  /** Value of a new vCPU or VM. */
  readonly resetValue: bigint;
  /** Whether INIT leaves the value alone. Otherwise it becomes `resetValue`. */
  readonly survivesInit: boolean;
  /** Whether KVM_GET_MSR_INDEX_LIST names it. */
  readonly inIndexList: boolean;
  readonly doc: string;
  /** Kernel functions that handle a write. */
  readonly source: string;
}
