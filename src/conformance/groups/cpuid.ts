import * as v from 'valibot';
import {
  CPUID_HYPERVISOR_BIT,
  KVM_CPUID_BASE_LIMIT,
  KVM_CPUID_SIGNATURE,
} from '../../abi/index.ts';
import type { CpuidResult } from '../../cpu/vcpu.ts';
import { KVM_CAP_X86_DISABLE_EXITS } from '../../host/capabilities.ts';
import { KVM_X86_DISABLE_EXITS_HLT, supportedCpuid } from '../../host/cpuid.ts';
import { enableVmCap, msrIndexList } from '../../host/vmm-ioctls.ts';
import { hexWord } from '../fields.ts';
import { type Bench, type Group, group } from '../group.ts';
import { hex } from '../hex.ts';
import { RecordingError } from '../recording-error.ts';
import { type Registers, registersIn } from '../registers.ts';
import type { Facts } from '../result.ts';

const register = v.optional(hexWord);

const leafRow = v.looseObject({
  source: v.string(),
  function: hexWord,
  eax: register,
  ebx: register,
  ecx: register,
  edx: register,
});

/** A leaf as KVM offers it, or as a vCPU has it once it was set. */
const leaves = group('cpuid', leafRow, (row, bench) => {
  const leaf = row.source.startsWith('KVM_GET_CPUID2')
    ? leafOfVcpu(row.source, row.function, bench)
    : supportedCpuid(bench.vm().kvm).find((entry) => entry.function === row.function);
  return {
    expected: contractOf(row.function, row),
    got: contractOf(row.function, asWide(leaf, row)),
  };
});

/** The names of what no longer exits, in the row's own words about the ioctls before. */
function leafOfVcpu(source: string, leaf: number, bench: Bench): CpuidResult | undefined {
  const { kvm } = bench.vm();
  const exits = source.match(/KVM_CAP_X86_DISABLE_EXITS\(([^)]*)\)/)?.[1] ?? '';
  if (/\bHLT\b/.test(exits)) {
    const arg = BigInt(KVM_X86_DISABLE_EXITS_HLT);
    enableVmCap(kvm, { cap: KVM_CAP_X86_DISABLE_EXITS, arg });
  }
  kvm.ops.setCpuid(kvm, kvm.vcpu(0), supportedCpuid(kvm));
  return kvm.ops.cpuid(kvm, kvm.vcpu(0), leaf);
}

/** A leaf with the registers that the row has. */
function asWide(leaf: CpuidResult | undefined, row: Registers): Registers {
  const names = (['eax', 'ebx', 'ecx', 'edx'] as const).filter((name) => row[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, leaf?.[name] ?? 0]));
}

/**
 * What this interface says of a leaf: everything of KVM's own, of leaf 1 that there is a hypervisor.
 * The others are the processor's.
 */
function contractOf(leaf: number, registers: Registers): Facts {
  if (leaf >= KVM_CPUID_SIGNATURE && leaf < KVM_CPUID_BASE_LIMIT) return registersIn(registers);
  if (leaf !== 1) return {};
  return { hypervisor: (((registers.ecx ?? 0) >>> CPUID_HYPERVISOR_BIT) & 1) === 1 };
}

/** The MSRs of this interface that KVM_GET_MSR_INDEX_LIST names, in any order. */
const indexList = group(
  'cpuid',
  v.looseObject({ source: v.string(), kvm_msrs: v.array(hexWord) }),
  (row) => ({
    expected: { kvm_msrs: inOrder(row.kvm_msrs) },
    got: { kvm_msrs: inOrder(msrIndexList()) },
  }),
);

const inOrder = (indices: readonly number[]): readonly string[] =>
  [...indices].sort((a, b) => a - b).map(hex);

/** What KVM says of itself. */
export const cpuid: Group = {
  name: 'cpuid',
  replay(row, bench) {
    if (typeof row !== 'object' || row === null) throw new RecordingError('Expected a row');
    return ('kvm_msrs' in row ? indexList : leaves).replay(row, bench);
  },
};
