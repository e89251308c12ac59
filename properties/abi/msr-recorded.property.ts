import test from 'ava';
import { KVM_PV_EOI_ADDRESS_MASK, MSRS, type MsrRow, msrByIndex } from '../../src/abi/index.ts';
import { type MsrWriteRow, recordings } from '../fixtures.ts';

type Table = readonly MsrRow[];

/** Guest RAM of all recordings: first and last byte of each memslot. */
const MEMSLOTS = [
  [0n, 0x1f_ffffn],
  [0x5000_0000n, 0x5000_ffffn],
] as const;

const backed = (address: bigint, bytes: number) =>
  MEMSLOTS.some(([first, last]) => address >= first && address + BigInt(bytes) - 1n <= last);

/** What a row of the table says about one write without enforcement: accepted, and read back. */
function predict(
  row: MsrRow | undefined,
  write: MsrWriteRow,
): { accepted: boolean; readback: bigint | null } {
  if (row === undefined || row.servedBy === 'vmm') return { accepted: false, readback: null };
  const value = BigInt(write.value);
  const before = BigInt(write.before ?? 0);
  const noLapic =
    write.irqchip === 'none' &&
    (row.lapic === 'always' || (row.lapic === 'nonzero' && value !== 0n));
  if ((value & row.reservedMask) !== 0n || noLapic) return { accepted: false, readback: before };
  const enabled = row.enableMask !== 0n && (value & row.enableMask) === row.enableMask;
  const accepted =
    !enabled || row.boundBytes === 0 || backed(value & row.addressMask, row.boundBytes);
  const readback = !row.readsBack ? 0n : accepted || row.storedBeforeBinding ? value : before;
  return { accepted, readback };
}

const WRITES = [...recordings.msr_host, ...recordings.msr_guest];

/** Recorded writes, of all MSRs or of one, that a table predicts wrongly. */
function mispredicted(table: Table, index?: number): readonly string[] {
  const writes = index === undefined ? WRITES : WRITES.filter(({ msr }) => Number(msr) === index);
  return writes.flatMap((write) => {
    const { accepted, readback } = predict(
      table.find((row) => row.index === Number(write.msr)),
      write,
    );
    const recorded = write.readback === null ? null : BigInt(write.readback);
    return accepted === write.accepted && readback === recorded
      ? []
      : [`${write.initiated} ${write.irqchip} ${write.msr} = ${write.value}`];
  });
}

/** A twin of the table in which one row says something else. */
const twin = (name: string, change: Partial<MsrRow>): Table =>
  MSRS.map((row) => (row.name === name ? { ...row, ...change } : row));

test('the table predicts every recorded write: accepted or #GP, and what is read back', (t) => {
  t.deepEqual(mispredicted(MSRS), []);
});

/** Bits of a row's reserved mask that could be flipped without a contradiction by the recordings. */
const undecided = (row: MsrRow) =>
  Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit)).filter(
    (bit) =>
      mispredicted([{ ...row, reservedMask: row.reservedMask ^ bit }], row.index).length === 0,
  );

test('any bit flipped in a reserved mask contradicts a recorded write', (t) => {
  for (const row of MSRS.filter(({ servedBy }) => servedBy === 'kvm')) {
    const bits = undecided(row);
    if (row.name === 'MSR_KVM_POLL_CONTROL' || row.name === 'MSR_KVM_ASYNC_PF_INT') {
      // Not every one of their 63 and 56 reserved bits was tried alone.
      t.deepEqual(
        bits.filter((bit) => (bit & row.reservedMask) === 0n),
        [],
        row.name,
      );
      t.true(bits.length < 40, row.name);
    } else {
      t.deepEqual(bits, [], row.name);
    }
  }
});

test('every other column of the table is needed for the prediction', (t) => {
  const twins: readonly [string, Partial<MsrRow>][] = [
    ['MSR_KVM_ASYNC_PF_EN', { lapic: 'never' }],
    ['MSR_KVM_ASYNC_PF_EN', { lapic: 'always' }],
    ['MSR_KVM_ASYNC_PF_EN', { enableMask: 1n }],
    ['MSR_KVM_ASYNC_PF_EN', { boundBytes: 0 }],
    ['MSR_KVM_ASYNC_PF_EN', { storedBeforeBinding: false }],
    ['MSR_KVM_ASYNC_PF_INT', { lapic: 'nonzero' }],
    ['MSR_KVM_ASYNC_PF_ACK', { readsBack: true }],
    ['MSR_KVM_PV_EOI_EN', { lapic: 'nonzero' }],
    ['MSR_KVM_PV_EOI_EN', { boundBytes: 0 }],
    ['MSR_KVM_PV_EOI_EN', { storedBeforeBinding: true }],
    ['MSR_KVM_PV_EOI_EN', { addressMask: KVM_PV_EOI_ADDRESS_MASK & 0xffff_ffffn }],
    ['MSR_KVM_STEAL_TIME', { boundBytes: 64 }],
    ['MSR_KVM_SYSTEM_TIME_NEW', { boundBytes: 32 }],
    ['MSR_KVM_MIGRATION_CONTROL', { servedBy: 'kvm' }],
  ];
  for (const [name, change] of twins)
    t.not(mispredicted(twin(name, change)).length, 0, `${name} ${Object.keys(change)}`);
});

/** Recorded values of fresh vCPUs that a table gets wrong. */
const wrongDefaults = (table: Table) =>
  recordings.msr_default.filter((fresh) => {
    const row = table.find((candidate) => candidate.index === Number(fresh.msr));
    const readable = row !== undefined && row.servedBy === 'kvm';
    return readable !== fresh.readable || (readable && row.resetValue !== BigInt(fresh.value));
  });

test('a fresh vCPU holds the reset values', (t) => {
  t.deepEqual(wrongDefaults(MSRS), []);
  t.not(wrongDefaults(twin('MSR_KVM_POLL_CONTROL', { resetValue: 0n })).length, 0);
  t.not(wrongDefaults(twin('MSR_KVM_MIGRATION_CONTROL', { servedBy: 'kvm' })).length, 0);
});

test('aliases are the recorded ones, and mutual', (t) => {
  const recorded = new Set(
    recordings.msr_alias.map(({ written, other }) => `${Number(written)} ${Number(other)}`),
  );
  const pairs = MSRS.flatMap((row) =>
    row.alias === undefined ? [] : [`${row.index} ${row.alias}`],
  );
  t.deepEqual(pairs.sort(), [...recorded].sort());
  for (const row of MSRS)
    if (row.alias !== undefined) t.is(msrByIndex(row.alias)?.alias, row.index);
  for (const { value, readback_other: other } of recordings.msr_alias) t.is(other, value);
});

test('one register for the VM or one for each vCPU, as recorded', (t) => {
  const wrongScopes = (table: Table) =>
    recordings.msr_scope
      .filter(({ scope }) => scope === 'vm' || scope === 'vcpu')
      .filter(({ msr, scope }) => table.find((row) => row.index === Number(msr))?.scope !== scope);
  t.deepEqual(wrongScopes(MSRS), []);
  t.not(wrongScopes(twin('MSR_KVM_WALL_CLOCK', { scope: 'vcpu' })).length, 0);
});

test('the index list names what the table says it names', (t) => {
  const list = recordings.cpuid.flatMap((row) => row.kvm_msrs ?? []).map(Number);
  t.deepEqual(
    MSRS.filter((row) => row.inIndexList).map((row) => row.index),
    list.sort((a, b) => a - b),
  );
});

test('rows are in order of index and found by it', (t) => {
  t.deepEqual(
    MSRS.map((row) => row.index),
    MSRS.map((row) => row.index).sort((a, b) => a - b),
  );
  for (const row of MSRS) t.is(msrByIndex(row.index), row);
  t.is(msrByIndex(0x4b56_4d09), undefined);
});

test('no bit of a value is both reserved and part of an address, an enable bit or gated', (t) => {
  for (const row of MSRS) {
    t.is(row.reservedMask & row.addressMask, 0n, row.name);
    t.is(row.reservedMask & row.enableMask, 0n, row.name);
    for (const { mask } of row.gatedBits) t.is(row.reservedMask & mask, 0n, row.name);
  }
});
