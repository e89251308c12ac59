import { existsSync, readFileSync } from 'node:fs';

/**
 * Recordings of a real KVM (Linux 6.18, x86-64, TSC 2 300 000 kHz), the fixture of every property
 * that holds the model against the real thing.
 *
 * MSR values, addresses and 32/64-bit fields are hex strings, `*_ns` of `wallclock` decimal ones;
 * memory dumps are hex digits, lowest address first. A row with a `tag` is specific to the recorded
 * machine in the way the tag says.
 */
export interface Recordings {
  readonly tsc_khz: number;
  readonly maxphyaddr: number;
  readonly cpuid: readonly CpuidRow[];
  readonly caps: readonly {
    readonly cap: string;
    readonly number: number;
    readonly system: number;
    readonly vm: number;
  }[];
  readonly exit_hypercall: readonly {
    readonly mask: string;
    readonly rc: number;
    readonly errno: number;
  }[];
  readonly msr_default: readonly MsrDefaultRow[];
  readonly msr_host: readonly MsrWriteRow[];
  readonly msr_guest: readonly MsrWriteRow[];
  readonly msr_alias: readonly MsrAliasRow[];
  readonly msr_scope: readonly MsrScopeRow[];
  readonly enforce_cpuid: readonly EnforceCpuidRow[];
  readonly cpuid_guest_view: readonly CpuidGuestViewRow[];
  readonly user_space_msr: readonly UserSpaceMsrRow[];
  readonly timescale: readonly TimescaleRow[];
  readonly wallclock: readonly WallclockRow[];
  readonly pvclock: readonly PvclockRow[];
  readonly steal: readonly StealRow[];
  readonly pv_eoi: readonly PvEoiRow[];
  readonly apf: readonly ApfRow[];
}

export type Irqchip = 'none' | 'kernel' | 'split';
export type Initiator = 'host' | 'guest';

export interface CpuidRow {
  readonly source: string;
  readonly function?: string;
  readonly eax?: string;
  readonly ebx?: string;
  readonly ecx?: string;
  readonly edx?: string;
  readonly kvm_msrs?: readonly string[];
}

export interface MsrDefaultRow {
  readonly irqchip: Irqchip;
  readonly msr: string;
  readonly initiated: Initiator;
  readonly readable: boolean;
  readonly value: string;
}

export interface MsrWriteRow {
  readonly irqchip: Irqchip;
  readonly msr: string;
  readonly value: string;
  readonly initiated: Initiator;
  /** null: not readable. */
  readonly before: string | null;
  readonly accepted: boolean;
  readonly readback: string | null;
}

export interface MsrAliasRow {
  readonly written: string;
  readonly value: string;
  readonly other: string;
  readonly readback_other: string;
}

export interface MsrScopeRow {
  readonly kind: string;
  readonly msr?: string;
  readonly scope?: string;
}

export interface EnforceCpuidRow {
  readonly enforce: boolean;
  /** null: no feature leaf. */
  readonly feature_eax: string | null;
  readonly msr: string;
  readonly initiated: Initiator;
  readonly op: 'read' | 'write';
  readonly value?: string;
  readonly accepted: boolean;
}

export interface CpuidGuestViewRow {
  readonly config: string;
  readonly leaf: string;
  readonly eax: string;
  readonly ebx: string;
  readonly ecx: string;
  readonly edx: string;
}

export interface UserSpaceMsrRow {
  readonly op: 'rdmsr' | 'wrmsr';
  readonly msr: string;
  readonly value?: string;
  readonly exit: number;
  readonly exit_index?: string;
  readonly reason?: number;
}

export interface TimescaleRow {
  readonly tsc_khz: number;
  readonly mul: string;
  readonly shift: number;
}

export interface WallclockStep {
  readonly version: string;
  readonly sec: number;
  readonly nsec: number;
  readonly bytes12: string;
}

/** Memory around an area, before and after one MSR write. */
export interface MemoryDump {
  readonly value?: string;
  readonly dump_from?: string;
  readonly mem_before?: string;
  readonly mem_after?: string;
}

export interface WallclockRow extends MemoryDump {
  readonly kind: string;
  readonly initiated?: Initiator;
  readonly msr?: string;
  readonly prefill_version?: string;
  readonly steps?: readonly WallclockStep[];
}

export interface PvclockStep {
  readonly step: string;
  readonly bytes32: string;
  readonly version: string;
  readonly pad0: string;
  readonly tsc_timestamp: string;
  readonly system_time: string;
  readonly mul: string;
  readonly shift: number;
  readonly flags: number;
  /** Hex digits, lowest address first. */
  readonly pad: string;
  readonly host_clock_flags: number;
}

export interface PvclockRow extends MemoryDump {
  readonly kind: string;
  readonly written?: boolean;
  readonly steps?: readonly PvclockStep[];
}

export interface StealStep {
  readonly step: string;
  readonly bytes64: string;
  readonly steal: string;
  readonly version: string;
  readonly flags: string;
  readonly preempted: number;
}

export interface StealRow {
  readonly kind: string;
  readonly initiated?: Initiator;
  readonly prefill_version?: string;
  readonly prefill_byte?: string;
  readonly steps?: readonly StealStep[];
}

export interface PvEoiRow {
  readonly events: readonly { readonly guard: string; readonly host_word: string }[];
}

export interface ApfStep {
  readonly step: string;
  readonly bytes68: string;
  readonly flags: string;
  readonly token: string;
}

export interface ApfRow {
  readonly kind: string;
  readonly prefill_byte?: string;
  readonly steps: readonly ApfStep[];
}

/** The folder that holds package.json, seen from the compiled files as well as from the sources. */
export function packageRoot(): URL {
  for (let folder = new URL('./', import.meta.url); ; folder = new URL('../', folder)) {
    if (existsSync(new URL('package.json', folder))) return folder;
    if (folder.pathname === '/') throw new Error(`No package.json above ${import.meta.url}.`);
  }
}

/** Where the recordings are, for whoever wants the file itself. */
export const RECORDINGS_URL = new URL('properties/fixtures/kvm-recordings.json', packageRoot());

export const recordings = JSON.parse(readFileSync(RECORDINGS_URL, 'utf8')) as Recordings;
