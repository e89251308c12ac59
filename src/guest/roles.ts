import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import type { PvHash } from './pv-hash.ts';

/**
 * The roles of a guest: what a module given with `--guest` may replace. Each is a plain synchronous
 * function of its port and addresses; see the README of `examples`.
 */
export interface GuestRoles {
  /** The guest clock, in ns, by the whole of the pvclock protocol. */
  readClock(cpu: Vcpu, at: ClockAddresses): bigint;
  /** CLOCK_REALTIME now, in ns since 1970: the wall clock area plus the guest clock. */
  readWallClock(cpu: Vcpu, at: WallClockAddresses): bigint;
  /** Steal time of a vCPU, in ns. */
  readSteal(cpu: Vcpu, at: { readonly area: Gpa }): bigint;
  /** Whether a vCPU is preempted, by its steal area. A hint. */
  vcpuIsPreempted(cpu: Vcpu, at: { readonly area: Gpa }): boolean;
  /** Has preempted vCPUs flushed by the host; which ones still need an IPI, as a mask. Fences first. */
  flushTlb(cpu: Vcpu, at: FlushTargets): number;
  /** Ends an interrupt: through the PV EOI word if the host offers it, else through the APIC. */
  signalEoi(cpu: Vcpu, at: { readonly word: Gpa }): void;
  /** Whether the host stopped this vCPU since the last call; clears the flag. */
  checkGuestStopped(cpu: Vcpu, at: { readonly area: Gpa }): boolean;
  /** Halts until kicked, unless the byte no longer has the value. May return for no reason. */
  wait(cpu: Vcpu, at: { readonly byte: Gpa; readonly value: number }): void;
  /** Ends the halt of a vCPU, or its next one. */
  kick(cpu: Vcpu, at: { readonly vcpu: number }): void;
  /** Takes the queued spinlock; halts by `pv.wait` where spinning takes too long. */
  spinLock(cpu: Vcpu, at: SpinlockAddresses): void;
  /** Releases it; kicks the head of the queue by `pv.kick` if that one halts. */
  spinUnlock(cpu: Vcpu, at: SpinlockAddresses): void;
  /** Tells the host where to report page faults, and by which vector pages that came back. */
  enableAsyncPageFaults(cpu: Vcpu, at: PageFaultSetUp): void;
  /** First thing in a #PF handler: the token if a page is not present on the host, 0 for a real fault. */
  pageNotPresent(cpu: Vcpu, at: PageFaultAddresses): number;
  /** Lets the task sleep until its token is ready. Interrupts are off before and after. */
  waitForPage(cpu: Vcpu, at: PageWait): void;
  /** The page-ready interrupt, after its EOI: wakes who sleeps on the token, gives the credit back. */
  pageReady(cpu: Vcpu, at: PageReadyAddresses): void;
  /** Waits for an event: polls as long as the governor says, then halts. Returns the event. */
  idle(cpu: Vcpu, at: IdleAddresses): number;
  /** Gives up everything that the host writes for this vCPU; interrupts are off. */
  cpuOffline(cpu: Vcpu, at: { readonly features: number }): void;
  /** Which system-time and wall-clock MSRs to use, by CPUID. */
  detect(cpu: Vcpu): Detection;
}

export interface ClockAddresses {
  /** The pvclock area to read. */
  readonly area: Gpa;
  /** The 64-bit word that all vCPUs share as the fallback's maximum. */
  readonly lastValue: Gpa;
  /** Which bits of the area's flags mean anything, by CPUID. */
  readonly validFlags: number;
}

export interface WallClockAddresses extends ClockAddresses {
  readonly wallClock: Gpa;
}

export interface FlushTargets {
  /** Steal areas, by vCPU. */
  readonly areas: readonly Gpa[];
  /** Bit n: vCPU n is to be flushed. */
  readonly targets: number;
}

export interface PageFaultSetUp {
  /** The 64-byte area of this vCPU. */
  readonly area: Gpa;
  readonly vector: number;
  /** EAX of the feature leaf. */
  readonly features: number;
}

export interface PageFaultAddresses extends PageReadyAddresses {
  /** CR2 of this fault: the token, where it is one of the host's. */
  readonly cr2: number;
}

export interface PageWait {
  /** What {@link GuestRoles.pageNotPresent} has returned. */
  readonly token: number;
  readonly sleepers: SleeperTable;
  /** 32 bytes for this task, zero at first. The word at 16 is its state: 0 runs, 2 sleeps. */
  readonly node: Gpa;
  /** Lets the vCPU do something else, with interrupts on, and returns when the state is 0. */
  readonly schedule: (cpu: Vcpu) => void;
}

export interface PageReadyAddresses {
  /** The 64-byte area: `flags` at 0, `token` at 4. */
  readonly area: Gpa;
  readonly sleepers: SleeperTable;
  /** Has another vCPU look for tasks that are to run again. */
  readonly reschedule: (cpu: Vcpu, vcpu: number) => void;
}

/** Who sleeps on which token: a hash table that all vCPUs share. */
export interface SleeperTable {
  /** Buckets of 8 bytes: a 32-bit lock, and the first node or 0. */
  readonly buckets: Gpa;
  /** A power of two from 2 on. */
  readonly bucketCount: number;
  /** Memory for nodes of 32 bytes that stand for no task; zero is free, the word at 20 is not zero in use. */
  readonly dummies: Gpa;
  readonly dummyCount: number;
}

export interface IdleAddresses {
  /** 32 bits, 0 until there is something to do. */
  readonly wake: Gpa;
  /** 32 bits, not 0 while this vCPU polls: whoever wakes it then sends no interrupt. */
  readonly polling: Gpa;
  /** 32 bits, the governor's: for how many ns to poll, at most. */
  readonly limit: Gpa;
  readonly clock: ClockAddresses;
}

export interface SpinlockAddresses extends PvHash {
  /** The 32-bit lock word. */
  readonly lock: Gpa;
  /** One cache line for each vCPU, by vCPU. */
  readonly nodes: Gpa;
  /** One byte for each vCPU, by vCPU. */
  readonly states: Gpa;
  /** How often a vCPU looks before it halts (`SPIN_THRESHOLD`). */
  readonly spins: number;
  /** How to halt and to kick (`pv_ops.lock`). */
  readonly pv: Pick<GuestRoles, 'wait' | 'kick'>;
}

/** What a guest makes of CPUID: `undefined` where there is no kvmclock. */
export type Detection =
  | { readonly systemTime: number; readonly wallClock: number; readonly validFlags: number }
  | undefined;

export type RoleName = keyof GuestRoles;

/** What `list` tells about a role. */
export interface RoleDescription {
  readonly name: RoleName;
  readonly signature: string;
  readonly doc: string;
}

const CLOCK_AT = 'at: { area: Gpa; lastValue: Gpa; validFlags: number }';

const SLEEPERS =
  'sleepers: { buckets: Gpa; bucketCount: number; dummies: Gpa; dummyCount: number }';

const SPINLOCK_AT =
  'at: { lock: Gpa; nodes: Gpa; states: Gpa; hash: Gpa; hashEntries: number; spins: number; pv: { wait; kick } }';

export const ROLES: readonly RoleDescription[] = [
  {
    name: 'readClock',
    signature: `readClock(cpu: Vcpu, ${CLOCK_AT}): bigint`,
    doc: 'The guest clock in ns: version, ordered RDTSC, scale, version again, TSC_STABLE or last_value.',
  },
  {
    name: 'readWallClock',
    signature:
      'readWallClock(cpu: Vcpu, at: { wallClock: Gpa; area: Gpa; lastValue: Gpa; validFlags: number }): bigint',
    doc: 'CLOCK_REALTIME in ns since 1970: the wall clock area under its version, plus the guest clock.',
  },
  {
    name: 'readSteal',
    signature: 'readSteal(cpu: Vcpu, at: { area: Gpa }): bigint',
    doc: 'Steal time of a vCPU in ns, under the version of its area.',
  },
  {
    name: 'vcpuIsPreempted',
    signature: 'vcpuIsPreempted(cpu: Vcpu, at: { area: Gpa }): boolean',
    doc: 'Whether the host has preempted the vCPU whose steal area this is.',
  },
  {
    name: 'flushTlb',
    signature: 'flushTlb(cpu: Vcpu, at: { areas: readonly Gpa[]; targets: number }): number',
    doc: 'Leaves the TLB flush of preempted vCPUs to the host; the mask of those that still need an IPI. The page-table store before it was a plain one: the role fences.',
  },
  {
    name: 'signalEoi',
    signature: 'signalEoi(cpu: Vcpu, at: { word: Gpa }): void',
    doc: 'Ends an interrupt: test-and-clear of the PV EOI word, or the APIC EOI.',
  },
  {
    name: 'checkGuestStopped',
    signature: 'checkGuestStopped(cpu: Vcpu, at: { area: Gpa }): boolean',
    doc: 'Whether GUEST_STOPPED was set; clears it, and only it.',
  },
  {
    name: 'wait',
    signature: 'wait(cpu: Vcpu, at: { byte: Gpa; value: number }): void',
    doc: 'Halts until this vCPU is kicked, unless the byte has another value by now. May return for no reason.',
  },
  {
    name: 'kick',
    signature: 'kick(cpu: Vcpu, at: { vcpu: number }): void',
    doc: 'Ends the halt of that vCPU, or its next one: KVM_HC_KICK_CPU.',
  },
  {
    name: 'spinLock',
    signature: `spinLock(cpu: Vcpu, ${SPINLOCK_AT}): void`,
    doc: 'Takes a queued spinlock; queued vCPUs spin a while and then halt by `pv.wait`.',
  },
  {
    name: 'spinUnlock',
    signature: `spinUnlock(cpu: Vcpu, ${SPINLOCK_AT}): void`,
    doc: 'Releases a queued spinlock; kicks the head of its queue by `pv.kick` if that one halts.',
  },
  {
    name: 'enableAsyncPageFaults',
    signature:
      'enableAsyncPageFaults(cpu: Vcpu, at: { area: Gpa; vector: number; features: number }): void',
    doc: 'Turns asynchronous page faults on for this vCPU: the vector of page-ready, then the area.',
  },
  {
    name: 'pageNotPresent',
    signature: `pageNotPresent(cpu: Vcpu, at: { area: Gpa; cr2: number; ${SLEEPERS}; reschedule(cpu, vcpu): void }): number`,
    doc: 'The token if this #PF says that a page is not present on the host, 0 if it is a real one. Takes the reason out of the area.',
  },
  {
    name: 'waitForPage',
    signature: `waitForPage(cpu: Vcpu, at: { token: number; ${SLEEPERS}; node: Gpa; schedule(cpu): void }): void`,
    doc: 'Sleeps until the token is ready, or returns if it was already; interrupts are off before and after.',
  },
  {
    name: 'pageReady',
    signature: `pageReady(cpu: Vcpu, at: { area: Gpa; ${SLEEPERS}; reschedule(cpu, vcpu): void }): void`,
    doc: 'The page-ready interrupt: wakes the sleeper of the token, or all of this vCPU for 0xffffffff, then frees the token word and acknowledges.',
  },
  {
    name: 'idle',
    signature:
      'idle(cpu: Vcpu, at: { wake: Gpa; polling: Gpa; limit: Gpa; clock: { area: Gpa; lastValue: Gpa; validFlags: number } }): number',
    doc: 'Waits until the word at `wake` is not 0, and returns it: polls for `limit` ns, with `polling` set, then halts; adjusts `limit`.',
  },
  {
    name: 'cpuOffline',
    signature: 'cpuOffline(cpu: Vcpu, at: { features: number }): void',
    doc: 'Disables every area that the host writes for this vCPU, by EAX of the feature leaf; interrupts are off.',
  },
  {
    name: 'detect',
    signature:
      'detect(cpu: Vcpu): { systemTime: number; wallClock: number; validFlags: number } | undefined',
    doc: 'Which MSRs and flags of kvmclock to use, by CPUID; undefined where there is none.',
  },
];
