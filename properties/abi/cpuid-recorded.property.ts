import test from 'ava';
import {
  CPUID_HYPERVISOR_BIT,
  KVM_CPUID_BASE_LIMIT,
  KVM_CPUID_BASE_STEP,
  KVM_CPUID_FEATURES,
  KVM_CPUID_SIGNATURE,
  KVM_FEATURE_BITS,
  KVM_FEATURE_PV_UNHALT,
  KVM_HINT_BITS,
  KVM_SIGNATURE,
  KVM_SIGNATURE_EBX,
  KVM_SIGNATURE_ECX,
  KVM_SIGNATURE_EDX,
  KVM_SUPPORTED_FEATURES,
  MSRS,
  type MsrRow,
} from '../../src/abi/index.ts';
import { type EnforceCpuidRow, recordings } from '../fixtures.ts';

const leaf = (index: number) =>
  recordings.cpuid.find(
    (row) => row.source === 'KVM_GET_SUPPORTED_CPUID' && Number(row.function) === index,
  )!;

const isSignature = (row: { ebx?: string; ecx?: string; edx?: string }) =>
  Number(row.ebx) === KVM_SIGNATURE_EBX &&
  Number(row.ecx) === KVM_SIGNATURE_ECX &&
  Number(row.edx) === KVM_SIGNATURE_EDX;

test('the signature leaf is the recorded one, and its words spell the signature', (t) => {
  const row = leaf(KVM_CPUID_SIGNATURE);
  t.true(isSignature(row));
  t.is(Number(row.eax), KVM_CPUID_FEATURES);
  const words = Buffer.alloc(12);
  words.writeUInt32LE(KVM_SIGNATURE_EBX, 0);
  words.writeUInt32LE(KVM_SIGNATURE_ECX, 4);
  words.writeUInt32LE(KVM_SIGNATURE_EDX, 8);
  t.is(words.toString('latin1'), KVM_SIGNATURE);
  t.false(isSignature({ ...row, edx: '0x0' }));
});

test('KVM supports exactly the features that the table says it provides', (t) => {
  const row = leaf(KVM_CPUID_FEATURES);
  t.is(Number(row.eax), KVM_SUPPORTED_FEATURES);
  t.is(Number(row.edx) & KVM_HINT_BITS.reduce((mask, { bit }) => mask | (1 << bit), 0), 0);
});

test('without HLT exits just PV_UNHALT goes away', (t) => {
  const row = recordings.cpuid.find(({ source }) => source.includes('DISABLE_EXITS'))!;
  t.is(Number(row.eax) ^ KVM_SUPPORTED_FEATURES, 1 << KVM_FEATURE_PV_UNHALT);
});

test('each feature bit is named once', (t) => {
  for (const rows of [KVM_FEATURE_BITS, KVM_HINT_BITS]) {
    t.is(new Set(rows.map(({ bit }) => bit)).size, rows.length);
    t.is(new Set(rows.map(({ name }) => name)).size, rows.length);
  }
});

test('wherever a guest saw the signature, it lies on the search path, with the features behind it', (t) => {
  const seen = recordings.cpuid_guest_view.filter(isSignature);
  t.true(seen.some((row) => Number(row.leaf) !== KVM_CPUID_SIGNATURE));
  for (const row of seen) {
    const base = Number(row.leaf);
    t.is((base - KVM_CPUID_SIGNATURE) % KVM_CPUID_BASE_STEP, 0);
    t.true(base < KVM_CPUID_BASE_LIMIT);
    t.is(Number(row.eax), base + KVM_CPUID_FEATURES - KVM_CPUID_SIGNATURE);
  }
});

test('the hypervisor bit is set in the recorded leaf 1', (t) => {
  t.is((Number(leaf(1).ecx) >>> CPUID_HYPERVISOR_BIT) & 1, 1);
});

/** What a table says about one access under enforcement or without: does the feature gate let it in? */
function predict(table: readonly MsrRow[], access: EnforceCpuidRow): boolean {
  const row = table.find((candidate) => candidate.index === Number(access.msr));
  if (row === undefined || row.servedBy === 'vmm') return false;
  if (!access.enforce) return true;
  const features = BigInt(access.feature_eax ?? 0);
  const has = (feature: number) => ((features >> BigInt(feature)) & 1n) === 1n;
  const value = BigInt(access.value ?? 0);
  // An advertised MSR that is gated off reads as 0 to the host, and lets it write 0.
  if (!has(row.feature)) return access.initiated === 'host' && value === 0n && row.inIndexList;
  return row.gatedBits.every(({ mask, feature }) => (value & mask) === 0n || has(feature));
}

const mispredicted = (table: readonly MsrRow[]) =>
  recordings.enforce_cpuid.filter((access) => predict(table, access) !== access.accepted);

test('the feature gates predict every recorded access under enforcement', (t) => {
  t.deepEqual(mispredicted(MSRS), []);
});

test('a gate on any other feature bit is noticed, for each MSR', (t) => {
  for (const row of MSRS.filter(({ servedBy }) => servedBy === 'kvm')) {
    for (const { bit } of KVM_FEATURE_BITS.filter((feature) => feature.bit !== row.feature)) {
      const table = MSRS.map((other) => (other === row ? { ...row, feature: bit } : other));
      t.not(mispredicted(table).length, 0, `${row.name} gated by bit ${bit}`);
    }
    for (const { mask } of row.gatedBits) {
      const gatedBits = row.gatedBits.filter((gated) => gated.mask !== mask);
      t.not(
        mispredicted(MSRS.map((other) => (other === row ? { ...row, gatedBits } : other))).length,
        0,
      );
    }
  }
});
