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
