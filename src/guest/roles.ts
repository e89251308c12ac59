import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';

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
  /** Ends an interrupt: through the PV EOI word if the host offers it, else through the APIC. */
  signalEoi(cpu: Vcpu, at: { readonly word: Gpa }): void;
  /** Whether the host stopped this vCPU since the last call; clears the flag. */
  checkGuestStopped(cpu: Vcpu, at: { readonly area: Gpa }): boolean;
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
    name: 'detect',
    signature:
      'detect(cpu: Vcpu): { systemTime: number; wallClock: number; validFlags: number } | undefined',
    doc: 'Which MSRs and flags of kvmclock to use, by CPUID; undefined where there is none.',
  },
];
