import {
  CPUID_HYPERVISOR_BIT,
  KVM_CPUID_BASE_LIMIT,
  KVM_CPUID_BASE_STEP,
  KVM_CPUID_FEATURES,
  KVM_CPUID_SIGNATURE,
  KVM_E2BIG,
  KVM_EINVAL,
  KVM_FEATURE_PV_UNHALT,
  KVM_FEATURE_STEAL_TIME,
  KVM_SIGNATURE_EBX,
  KVM_SIGNATURE_ECX,
  KVM_SIGNATURE_EDX,
  KVM_SUPPORTED_FEATURES,
} from '../abi/index.ts';
import type { CpuidResult } from '../cpu/vcpu.ts';
import type { HostAddress, MemoryPort } from '../memory/memory-port.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { CPUID_ENTRY, MAX_CPUID_ENTRIES, VCPU, VM } from './records.ts';

/** One leaf, as `struct kvm_cpuid_entry2` has it. The leaves of this interface have no index. */
export interface CpuidEntry extends CpuidResult {
  readonly function: number;
}

/** Bit of KVM_CAP_X86_DISABLE_EXITS: HLT does not exit. Source: include/uapi/linux/kvm.h. */
export const KVM_X86_DISABLE_EXITS_HLT = 1 << 1;

const NOTHING: CpuidResult = { eax: 0, ebx: 0, ecx: 0, edx: 0 };
const HYPERVISOR: CpuidEntry = { ...NOTHING, function: 1, ecx: (1 << CPUID_HYPERVISOR_BIT) >>> 0 };
const SIGNATURE = { ebx: KVM_SIGNATURE_EBX, ecx: KVM_SIGNATURE_ECX, edx: KVM_SIGNATURE_EDX };
const FEATURES_OFFSET = KVM_CPUID_FEATURES - KVM_CPUID_SIGNATURE;

/** The leaves that a VMM gives a vCPU: base 0 for no KVM leaves at all. */
export function cpuidEntries(base: number, features: number, hints = 0): readonly CpuidEntry[] {
  if (base === 0) return [HYPERVISOR];
  const leaf = base + FEATURES_OFFSET;
  return [
    HYPERVISOR,
    { function: base, eax: leaf, ...SIGNATURE },
    { ...NOTHING, function: leaf, eax: features, edx: hints },
  ];
}

/** KVM_GET_SUPPORTED_CPUID, as far as this interface goes. Source: `__do_cpuid_func`. */
export function supportedCpuid(kvm: Kvm): readonly CpuidEntry[] {
  const stealTime = kvm.memory.load32(kvm.vm + VM.noSchedInfo) === 0;
  const without = stealTime ? 0 : 1 << KVM_FEATURE_STEAL_TIME;
  return cpuidEntries(KVM_CPUID_SIGNATURE, (KVM_SUPPORTED_FEATURES & ~without) >>> 0);
}

/**
 * KVM_SET_CPUID2: 0, or a negative error. A vCPU that has run keeps the CPUID it has. Source:
 * `kvm_set_cpuid`.
 */
export function setCpuid(kvm: Kvm, vcpu: VcpuRecord, entries: readonly CpuidEntry[]): number {
  if (entries.length > MAX_CPUID_ENTRIES) return -KVM_E2BIG;
  if (kvm.memory.load32(vcpu + VCPU.hasRun) !== 0 && !sameCpuid(kvm, vcpu, entries)) {
    return -KVM_EINVAL;
  }
  storeCpuid(kvm.memory, kvm.vm, vcpu, entries);
  return 0;
}

function sameCpuid(kvm: Kvm, vcpu: VcpuRecord, entries: readonly CpuidEntry[]): boolean {
  const old = getCpuid(kvm, vcpu);
  return (
    old.length === entries.length &&
    entries.every((entry, index) => {
      const { function: leaf, eax, ebx, ecx, edx } = old[index]!;
      return (
        entry.function === leaf &&
        entry.eax === eax &&
        entry.ebx === ebx &&
        entry.ecx === ecx &&
        entry.edx === edx
      );
    })
  );
}

/** KVM_GET_CPUID2. */
export function getCpuid(kvm: Kvm, vcpu: VcpuRecord): readonly CpuidEntry[] {
  const length = kvm.memory.load32(vcpu + VCPU.cpuidEntries);
  return Array.from({ length }, (_, index) => loadEntry(kvm.memory, vcpu, index));
}

/** Gives a vCPU its leaves, and KVM its own view of them. */
export function storeCpuid(
  memory: MemoryPort,
  vm: HostAddress,
  vcpu: VcpuRecord,
  entries: readonly CpuidEntry[],
): void {
  entries.forEach((entry, index) => {
    const row = rowOf(vcpu, index);
    memory.store32(row + CPUID_ENTRY.function, entry.function);
    memory.store32(row + CPUID_ENTRY.eax, entry.eax);
    memory.store32(row + CPUID_ENTRY.ebx, entry.ebx);
    memory.store32(row + CPUID_ENTRY.ecx, entry.ecx);
    memory.store32(row + CPUID_ENTRY.edx, entry.edx);
  });
  memory.store32(vcpu + VCPU.cpuidEntries, entries.length);
  updatePvRuntime(memory, vm, vcpu);
}

/**
 * Finds the feature leaf behind the signature, wherever that is, and keeps its EAX; 0 without one.
 * PV_UNHALT goes from the leaf itself where HLT does not exit: a kick could not wake anybody. Source:
 * `kvm_apply_cpuid_pv_features_quirk`.
 */
function updatePvRuntime(memory: MemoryPort, vm: HostAddress, vcpu: VcpuRecord): void {
  const base = findBase(memory, vcpu);
  const row = base === 0 ? undefined : findRow(memory, vcpu, base + FEATURES_OFFSET);
  if (row !== undefined && hltInGuest(memory, vm)) {
    const eax = memory.load32(row + CPUID_ENTRY.eax);
    memory.store32(row + CPUID_ENTRY.eax, (eax & ~(1 << KVM_FEATURE_PV_UNHALT)) >>> 0);
  }
  memory.store32(vcpu + VCPU.cpuidBase, base);
  memory.store32(
    vcpu + VCPU.features,
    row === undefined ? 0 : memory.load32(row + CPUID_ENTRY.eax),
  );
}

/** Source: `kvm_hlt_in_guest`. */
function hltInGuest(memory: MemoryPort, vm: HostAddress): boolean {
  return (memory.load32(vm + VM.disabledExits) & KVM_X86_DISABLE_EXITS_HLT) !== 0;
}

/** The leaf with KVM's signature, or 0. Source: `kvm_get_hypervisor_cpuid`. */
function findBase(memory: MemoryPort, vcpu: VcpuRecord): number {
  for (let base = KVM_CPUID_SIGNATURE; base < KVM_CPUID_BASE_LIMIT; base += KVM_CPUID_BASE_STEP) {
    const row = findRow(memory, vcpu, base);
    if (row === undefined) continue;
    const isKvm =
      memory.load32(row + CPUID_ENTRY.ebx) === SIGNATURE.ebx &&
      memory.load32(row + CPUID_ENTRY.ecx) === SIGNATURE.ecx &&
      memory.load32(row + CPUID_ENTRY.edx) === SIGNATURE.edx;
    if (isKvm) return base;
  }
  return 0;
}

function rowOf(vcpu: VcpuRecord, index: number): HostAddress {
  return vcpu + VCPU.cpuidRows + index * CPUID_ENTRY.bytes;
}

function findRow(memory: MemoryPort, vcpu: VcpuRecord, leaf: number): HostAddress | undefined {
  const entries = memory.load32(vcpu + VCPU.cpuidEntries);
  for (let index = 0; index < entries; index++) {
    const row = rowOf(vcpu, index);
    if (memory.load32(row + CPUID_ENTRY.function) === leaf) return row;
  }
  return undefined;
}

function loadEntry(memory: MemoryPort, vcpu: VcpuRecord, index: number): CpuidEntry {
  const row = rowOf(vcpu, index);
  return { function: memory.load32(row + CPUID_ENTRY.function), ...registersAt(memory, row) };
}

function registersAt(memory: MemoryPort, row: HostAddress): CpuidResult {
  return {
    eax: memory.load32(row + CPUID_ENTRY.eax),
    ebx: memory.load32(row + CPUID_ENTRY.ebx),
    ecx: memory.load32(row + CPUID_ENTRY.ecx),
    edx: memory.load32(row + CPUID_ENTRY.edx),
  };
}

/** CPUID: the leaf as the VMM set it, zeros where it set none. Source: `kvm_cpuid`. */
export function cpuid(kvm: Kvm, vcpu: VcpuRecord, leaf: number): CpuidResult {
  const row = findRow(kvm.memory, vcpu, leaf >>> 0);
  return row === undefined ? NOTHING : registersAt(kvm.memory, row);
}
