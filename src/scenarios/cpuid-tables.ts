import {
  CPUID_HYPERVISOR_BIT,
  KVM_CPUID_BASE_LIMIT,
  KVM_CPUID_BASE_STEP,
  KVM_CPUID_SIGNATURE,
  KVM_FEATURE_CLOCKSOURCE,
  KVM_FEATURE_CLOCKSOURCE_STABLE_BIT,
  KVM_FEATURE_CLOCKSOURCE2,
  KVM_FEATURE_NOP_IO_DELAY,
  KVM_SIGNATURE_EBX,
  KVM_SIGNATURE_ECX,
  KVM_SIGNATURE_EDX,
  KVM_SUPPORTED_FEATURES,
} from '../abi/cpuid.ts';
import { type CpuidEntry, cpuidEntries } from '../host/cpuid.ts';

/** What a guest finds in CPUID, and what there is of a clock. */
export interface CpuidTable {
  readonly what: string;
  readonly entries: readonly CpuidEntry[];
  /** By which pair of MSRs the clock is had, the new one or the old; undefined for none. */
  readonly clock: 'new' | 'old' | undefined;
  /** Whether the flags of a clock area mean anything. */
  readonly flags: boolean;
}

const OLD = 1 << KVM_FEATURE_CLOCKSOURCE;
const NEW = 1 << KVM_FEATURE_CLOCKSOURCE2;
const STABLE = 1 << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT;

const FIRST = KVM_CPUID_SIGNATURE;
const SECOND = KVM_CPUID_SIGNATURE + KVM_CPUID_BASE_STEP;
const LAST = KVM_CPUID_BASE_LIMIT - KVM_CPUID_BASE_STEP;

const hypervisor = { function: 1, eax: 0, ebx: 0, ecx: (1 << CPUID_HYPERVISOR_BIT) >>> 0, edx: 0 };
const kvm = { ebx: KVM_SIGNATURE_EBX, ecx: KVM_SIGNATURE_ECX, edx: KVM_SIGNATURE_EDX };

/** Leaves of Hyper-V as KVM emulates them: `Microsoft Hv`, and `Hv#1`, whose bits 0 and 3 mean nothing here. */
const HYPER_V: readonly CpuidEntry[] = [
  { function: FIRST, eax: FIRST + 6, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 },
  { function: FIRST + 1, eax: 0x3123_7648, ebx: 0, ecx: 0, edx: 0 },
];

const kvmAt = (base: number, features: number): readonly CpuidEntry[] =>
  cpuidEntries(base, features >>> 0).slice(1);

/** A signature that is KVM's but for one register, before what looks like KVM's features; then KVM. */
function almostKvm(change: Partial<CpuidEntry>): readonly CpuidEntry[] {
  const [signature, leaf] = kvmAt(FIRST, NEW | STABLE);
  return [hypervisor, { ...signature!, ...change }, leaf!, ...kvmAt(SECOND, OLD)];
}

const table = (
  what: string,
  entries: readonly CpuidEntry[],
  clock: CpuidTable['clock'] = undefined,
  flags = false,
): CpuidTable => ({ what, entries, clock, flags });

/** Every table is of a machine that somebody has, but for the signatures that are almost right. */
export const CPUID_TABLES: readonly CpuidTable[] = [
  table('all features of KVM', cpuidEntries(FIRST, KVM_SUPPORTED_FEATURES), 'new', true),
  table('the new clock and no STABLE_BIT', cpuidEntries(FIRST, NEW), 'new'),
  table('the old clock alone', cpuidEntries(FIRST, OLD), 'old'),
  table('the old clock and STABLE_BIT', cpuidEntries(FIRST, OLD | STABLE), 'old', true),
  table('both clocks', cpuidEntries(FIRST, OLD | NEW), 'new'),
  table('NOP_IO_DELAY alone', cpuidEntries(FIRST, 1 << KVM_FEATURE_NOP_IO_DELAY)),
  table('every feature but the clocks', cpuidEntries(FIRST, ~(OLD | NEW) >>> 0)),
  table('no feature', cpuidEntries(FIRST, 0)),
  table(
    'an old KVM, which says 0 for its last leaf',
    [hypervisor, { function: FIRST, eax: 0, ...kvm }, kvmAt(FIRST, NEW | STABLE)[1]!],
    'new',
    true,
  ),
  table('KVM behind Hyper-V', [hypervisor, ...HYPER_V, ...kvmAt(SECOND, OLD)], 'old'),
  table('KVM behind another hypervisor, by EBX', almostKvm({ ebx: 0x6e65_5658 }), 'old'),
  table('KVM behind another hypervisor, by ECX', almostKvm({ ecx: 0x6565_6e56 }), 'old'),
  table('KVM behind another hypervisor, by EDX', almostKvm({ edx: 0x4d4d_564d }), 'old'),
  // A VMM that hides itself from the guest clears the bit and leaves the leaves.
  table('a hidden hypervisor', [
    { ...hypervisor, ecx: 0 },
    ...kvmAt(FIRST, KVM_SUPPORTED_FEATURES),
  ]),
  // All the bases have to be looked at.
  table(
    'KVM at the last base',
    [hypervisor, ...HYPER_V, ...kvmAt(LAST, NEW | STABLE)],
    'new',
    true,
  ),
  table('Hyper-V alone', [hypervisor, ...HYPER_V]),
  table('KVM behind the last base', [hypervisor, ...kvmAt(KVM_CPUID_BASE_LIMIT, NEW | STABLE)]),
];
