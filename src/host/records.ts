import { layOut, layOutRow, wholeCacheLines } from '../memory/record.ts';

/** `vcpu->mode`: where a vCPU is, as requesters see it. */
export const OUTSIDE_GUEST_MODE = 0;
export const IN_GUEST_MODE = 1;
export const EXITING_GUEST_MODE = 2;

/** `irqchip_mode`: who emulates the LAPIC. */
export const IRQCHIP_NONE = 0;
export const IRQCHIP_KERNEL = 1;
export const IRQCHIP_SPLIT = 2;

const VM_FIELDS = layOut({
  /** TSC of every physical CPU (one synchronised counter). */
  tick: 8,
  /** Frequency of the host TSC in kHz. */
  hostTscKhz: 4,
  /** 1 where the host's clocksource is the TSC, so that (ns, tsc) can be read as one pair. */
  clocksourceIsTsc: 4,
  /** The host's raw monotonic clock: ns = (tick × numerator) / denominator, plus the boot offset. */
  rawClockNumerator: 8,
  rawClockDenominator: 8,
  rawClockBoot: 8,
  /** CLOCK_REALTIME − raw monotonic, in ns. */
  realtimeOffset: 8,
  /** Ticks that pass while the host goes from reading the TSC to reading its clock, at most. */
  samplingGap: 4,

  vcpus: 4,
  irqchip: 4,
  /** `kvm->arch.wall_clock`: the last value written to either wall clock MSR. */
  wallClock: 8,

  /** `kvm->arch.kvmclock_offset`, signed, modulo 2^64. */
  kvmclockOffset: 8,
  tscWriteLock: 4,
  pvclockSequence: 4,
  useMasterClock: 4,
  masterKernelNs: 8,
  masterCycleNow: 8,
  bootVcpuRunsOldKvmclock: 4,
  /** 1 where all vCPUs' TSCs are one line (`nr_vcpus_matched_tsc + 1 == online_vcpus`). */
  vcpusMatchedTsc: 4,
  backwardsTscObserved: 4,

  // TSC writes that KVM takes for one synchronisation (`kvm->arch.cur_tsc_*`, `last_tsc_*`).
  tscGeneration: 8,
  tscOffsetOfGeneration: 8,
  lastTscNs: 8,
  lastTscWrite: 8,
  lastTscKhz: 4,
  vcpusMatched: 4,
  /** 1 where the hardware can scale a guest's TSC (`kvm_caps.has_tsc_control`). */
  tscScaling: 4,

  // What the host lacks, and what the VMM asked for.
  /** 1 on a host without scheduler statistics: there is no steal time. */
  noSchedInfo: 4,
  /** 1 with the module parameter `ignore_msrs`. */
  ignoreMsrs: 4,
  /** Looks for work before a halted vCPU gives its physical CPU away (the module parameter `halt_poll_ns`). */
  haltPolls: 4,
  /** KVM_CAP_EXIT_HYPERCALL: a bit for each number that goes to the VMM (`hypercall_exit_enabled`). */
  exitHypercalls: 8,
  /** KVM_CAP_X86_USER_SPACE_MSR: reasons for which a refused access goes to the VMM. */
  userSpaceMsrMask: 4,
  /** KVM_CAP_X86_DISABLE_EXITS: `KVM_X86_DISABLE_EXITS_*`. */
  disabledExits: 4,
  /** KVM_X86_SET_MSR_FILTER: 1 if there is a filter, then its flags and how many ranges it has. */
  msrFilter: 4,
  msrFilterFlags: 4,
  msrFilterRanges: 4,

  // What the VMM keeps for itself.
  /** MSR 0x4b564d08, which the VMM serves. */
  migrationControl: 8,
  /** 1 where the guest's memory is encrypted. */
  encrypted: 4,
  /** 1 while a thread of the VMM holds the list of shared ranges; how many rows it has. */
  sharedRangesLock: 4,
  sharedRanges: 4,

  /** Host address of the table of guest pages: what is not in the host's memory now. */
  hostPages: 4,
});

/** An MSR filter's range: flags, first index, how many, and a bit for each of them. */
export const MAX_MSR_FILTER_RANGES = 16;
export const MSR_FILTER_RANGE = layOutRow({ flags: 4, base: 4, count: 4, bitmap: 8 });
/** A range of memory that the guest shares: first page and how many, in 4096-byte pages. */
export const MAX_SHARED_RANGES = 64;
export const SHARED_RANGE = layOutRow({ firstPage: 8, pages: 8 });

const FILTER_BYTES = MAX_MSR_FILTER_RANGES * MSR_FILTER_RANGE.bytes;
const SHARED_BYTES = MAX_SHARED_RANGES * SHARED_RANGE.bytes;

/** `struct kvm`: what one VM has once. Offsets from the VM record's host address. */
export const VM = {
  ...VM_FIELDS,
  filterRows: VM_FIELDS.bytes,
  sharedRows: VM_FIELDS.bytes + FILTER_BYTES,
  bytes: VM_FIELDS.bytes + FILTER_BYTES + SHARED_BYTES,
};

/** Words of the IRR and ISR bitmaps: 256 vectors. */
export const APIC_WORDS = 8;

const VCPU_FIELDS = layOut({
  // Shared with requesters on other threads.
  mode: 4,
  requests: 4,
  /** The physical CPU's pending kick IPI; see `HostCpu.sendKick`. */
  kick: 4,
  /** 1 while the vCPU sleeps in HLT. */
  halted: 4,
  /** A kick that no halt has used up yet (`arch.pv.pv_unhalted`). */
  pvUnhalted: 4,
  /** 1 while the vCPU's thread is in the ioctl KVM_RUN; 0 while it is in user space, or has none. */
  inKvmRun: 4,
  id: 4,

  // TSC, as the VMM set it.
  tscKhz: 4,
  tscOffset: 8,
  /** 48 fractional bits. */
  tscRatio: 8,

  // CPUID, as the VMM set it.
  /** EAX of the KVM feature leaf; 0 without a leaf. */
  features: 4,
  /** Base leaf of the KVM range, 0 where the signature is absent. */
  cpuidBase: 4,
  enforcePvFeatureCpuid: 4,

  // kvmclock (`vcpu->arch`).
  systemTime: 8,
  pvclockActive: 4,
  pvclockGpa: 8,
  pvclockSetGuestStopped: 4,
  hwTscKhz: 4,
  pvclockMul: 4,
  pvclockShift: 4,

  // Steal time (`vcpu->arch.st`).
  stealTime: 8,
  lastSteal: 8,
  /** Where the area was when it was last written: its GPA and its host address (`arch.st.cache`). */
  stealCacheGpa: 8,
  stealCacheAddress: 4,
  preempted: 4,
  atInstructionBoundary: 4,
  /** `current->sched_info.run_delay` of the vCPU's thread, ns. */
  runDelay: 8,
  /** Raised by whoever wants this physical CPU: ns the vCPU is to be off it; 0 for none. */
  needReschedule: 4,
  /** Guest TLB flushes the host has done for this vCPU. */
  tlbFlushes: 4,

  // LAPIC (`struct kvm_lapic`). The IRR is shared with senders.
  irr: 4,
  irr1: 4,
  irr2: 4,
  irr3: 4,
  irr4: 4,
  irr5: 4,
  irr6: 4,
  irr7: 4,
  isr: 4,
  isr1: 4,
  isr2: 4,
  isr3: 4,
  isr4: 4,
  isr5: 4,
  isr6: 4,
  isr7: 4,
  /** Trigger mode register: set for level-triggered vectors, whose EOI an IOAPIC waits for. */
  tmr: 4,
  tmr1: 4,
  tmr2: 4,
  tmr3: 4,
  tmr4: 4,
  tmr5: 4,
  tmr6: 4,
  tmr7: 4,
  irrPending: 4,
  /** Vector, or −1. */
  highestIsrCache: 4,
  tpr: 4,
  ppr: 4,
  apicEnabled: 4,
  /** A vector that is in the ISR and still has to be delivered, or −1. */
  injectedVector: 4,
  /** 1 while interrupt-window exiting is on: an event waits for RFLAGS.IF. */
  interruptWindow: 4,
  /** EOIs that the guest wrote to the APIC or signalled through PV EOI, as the APIC processed them. */
  eois: 4,

  // PV EOI.
  pvEoi: 8,
  /** `KVM_APIC_PV_EOI_PENDING` of `apic_attention`. */
  pvEoiPending: 4,

  // The rest of the MSRs (`vcpu->arch`).
  /** ASYNC_PF_EN and ASYNC_PF_INT as they were written (`apf.msr_en_val`, `apf.msr_int_val`). */
  apfMsrEn: 8,
  apfMsrInt: 8,
  /** Host address of its asynchronous page faults: `ASYNC_PF`. */
  asyncPf: 4,
  /** 1 while a #PF waits for the next entry, and what CR2 is to hold then. */
  pendingPageFault: 4,
  pageFaultAddress: 4,
  /** `msr_kvm_poll_control`. */
  pollControl: 8,
  /** `virtual_tsc_khz`: what KVM_GET_TSC_KHZ says. The guest's TSC runs at `tscKhz`. */
  virtualTscKhz: 4,
  /** 1 where KVM pushes the TSC forward at each exit (`tsc_always_catchup`). */
  tscAlwaysCatchup: 4,
  tscGeneration: 8,

  /** 1 once the vCPU has run: its CPUID is fixed then. */
  hasRun: 4,
  /** How many rows `cpuidRows` has. */
  cpuidEntries: 4,
});

/** A row of a vCPU's CPUID: the leaf, and its four registers. */
export const MAX_CPUID_ENTRIES = 16;
export const CPUID_ENTRY = layOutRow({ function: 4, eax: 4, ebx: 4, ecx: 4, edx: 4 });

/** `struct kvm_vcpu`: what each vCPU has. Offsets from the vCPU record's host address. */
export const VCPU = {
  ...VCPU_FIELDS,
  cpuidRows: VCPU_FIELDS.bytes,
  bytes: wholeCacheLines(VCPU_FIELDS.bytes + MAX_CPUID_ENTRIES * CPUID_ENTRY.bytes),
};
