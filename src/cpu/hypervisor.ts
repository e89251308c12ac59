import type { Gpa } from '../memory/memory-port.ts';
import type { CpuidResult } from './vcpu.ts';

/** What {@link Hypervisor.enterGuest} answers where it injected nothing. */
export const NO_VECTOR = -1;

/** The part of a vCPU's architectural state that a hypervisor looks at. */
export interface GuestState {
  /** RFLAGS.IF: whether an interrupt may be injected now. */
  readonly interruptFlag: boolean;
}

/** The same for whoever used a page that is missing. */
export interface FaultingGuest extends GuestState {
  /** CPL 3. */
  readonly userMode: boolean;
  /** CR0.PG. */
  readonly paging: boolean;
  /** Whether it is the guest of a guest. */
  readonly nested: boolean;
}

/**
 * What the hardware hands a vCPU to: KVM's side of one vCPU, called on that vCPU's own thread.
 *
 * A VM exit is `leaveGuest()`, then the handler of the exit, then `enterGuest()`, which serves
 * requests, injects, and returns in guest mode.
 */
export interface Hypervisor {
  /** True while the host waits for RFLAGS.IF to become 1 (interrupt-window exiting). */
  readonly interruptWindowRequested: boolean;
  /** TSC offset and scaling that the hardware adds, as of the last entry. */
  readonly guestTsc: GuestTsc;

  /** What CR2 holds at the page fault that the last entry injected. */
  readonly pageFaultAddress: number;

  /** The vCPU's program begins and ends: KVM_RUN is called, and returns for good. */
  beginRun(): void;
  endRun(): void;

  /** VM exit: leaves guest mode, acknowledges a kick. @throws RunStopped if the run is over */
  leaveGuest(): void;
  /** VM entry. Returns the vector that was injected, or {@link NO_VECTOR}. */
  enterGuest(guest: GuestState): number;

  /** Exit handlers, to be called between `leaveGuest` and `enterGuest`. */
  emulateRdmsr(index: number): bigint | undefined;
  /** False where the guest gets #GP. */
  emulateWrmsr(index: number, value: bigint): boolean;
  emulateCpuid(leaf: number): CpuidResult;
  emulateHypercall(nr: number, a0: bigint, a1: bigint, a2: bigint, a3: bigint): bigint;
  emulateApicEoi(): void;
  /** Whether the hardware finds the page of guest memory in its tables. */
  pageMapped(gpa: Gpa): boolean;
  /** The exit where it does not. */
  handlePageFault(guest: FaultingGuest, gpa: Gpa): void;
  /** Blocks until the vCPU has something to do. */
  emulateHlt(guest: GuestState): void;
  /** The exit that a kick, or any other interrupt of the host, caused. */
  handleExternalInterrupt(): void;
  /** The exit that interrupt-window exiting asked for: RFLAGS.IF is 1 now. */
  handleInterruptWindow(): void;
}

/** Guest TSC = host TSC × ratio / 2^48 + offset, modulo 2^64. */
export interface GuestTsc {
  readonly offset: bigint;
  /** Fixed point with 48 fractional bits, as VMX has it; 2^48 is no scaling. */
  readonly ratio: bigint;
  /** Whether the ratio is another than 2^48: comparing bigints at every RDTSC would show. */
  readonly scaled: boolean;
}

/** The TSC of a vCPU with this offset and ratio. */
export function makeGuestTsc(offset: bigint, ratio: bigint): GuestTsc {
  return { offset, ratio, scaled: ratio !== TSC_RATIO_ONE };
}

/** The scaling ratio that leaves the TSC as it is. */
export const TSC_RATIO_ONE = 1n << 48n;

/** The TSC that a guest sees where the host's is `hostTsc`. */
export function guestTscAt(hostTsc: bigint, tsc: GuestTsc): bigint {
  if (!tsc.scaled) return BigInt.asUintN(64, hostTsc + tsc.offset);
  return BigInt.asUintN(64, ((hostTsc * tsc.ratio) >> 48n) + tsc.offset);
}
