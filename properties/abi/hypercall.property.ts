import test from 'ava';
import {
  APIC_DEST_MASK,
  APIC_SHORT_MASK,
  HYPERCALLS,
  hypercallByNumber,
  KVM_EXIT_HYPERCALL_VALID_MASK,
  KVM_HC_MAP_GPA_RANGE,
  KVM_MAP_GPA_RANGE_ENCRYPTED,
  KVM_MAP_GPA_RANGE_PAGE_SZ_1G,
  KVM_MAP_GPA_RANGE_PAGE_SZ_2M,
  KVM_MAP_GPA_RANGE_PAGE_SZ_MASK,
  KVM_MAP_GPA_RANGE_RESERVED_MASK,
} from '../../src/abi/index.ts';
import { recordings } from '../fixtures.ts';

/** Recorded masks of KVM_CAP_EXIT_HYPERCALL that a valid mask judges otherwise than KVM did. */
const misjudged = (valid: bigint) =>
  recordings.exit_hypercall.filter(
    ({ mask, rc }) => ((BigInt(mask) & ~valid) === 0n) !== (rc === 0),
  );

test('the exit mask accepts and refuses what the recorded KVM did', (t) => {
  t.deepEqual(misjudged(KVM_EXIT_HYPERCALL_VALID_MASK), []);
  t.not(misjudged(KVM_EXIT_HYPERCALL_VALID_MASK | 1n).length, 0);
  t.not(misjudged(0n).length, 0);
  t.is(
    BigInt(recordings.caps.find(({ cap }) => cap === 'KVM_CAP_EXIT_HYPERCALL')!.vm),
    KVM_EXIT_HYPERCALL_VALID_MASK,
  );
  t.is(KVM_EXIT_HYPERCALL_VALID_MASK, 1n << BigInt(KVM_HC_MAP_GPA_RANGE));
});

test('numbers are taken without gaps from 1, and found', (t) => {
  t.deepEqual(
    HYPERCALLS.map(({ nr }) => nr),
    HYPERCALLS.map((_, index) => index + 1),
  );
  for (const row of HYPERCALLS) t.is(hypercallByNumber(row.nr), row);
  t.is(hypercallByNumber(0), undefined);
  t.is(hypercallByNumber(HYPERCALLS.length + 1), undefined);
});

test('only hypercalls that are served have arguments and gates; none has more than four', (t) => {
  for (const row of HYPERCALLS) {
    t.true(row.args.length <= 4, row.name);
    if (!row.served)
      t.deepEqual(
        [row.args.length, row.feature, row.advertisedBy],
        [0, undefined, undefined],
        row.name,
      );
    if (row.arch !== 'x86') t.false(row.served, row.name);
  }
});

test('attribute bits of KVM_HC_MAP_GPA_RANGE do not overlap, and the rest is reserved', (t) => {
  const defined = KVM_MAP_GPA_RANGE_PAGE_SZ_MASK | KVM_MAP_GPA_RANGE_ENCRYPTED;
  t.is(KVM_MAP_GPA_RANGE_PAGE_SZ_MASK & KVM_MAP_GPA_RANGE_ENCRYPTED, 0n);
  t.is(defined ^ KVM_MAP_GPA_RANGE_RESERVED_MASK, 0xffff_ffff_ffff_ffffn);
  t.is(
    (KVM_MAP_GPA_RANGE_PAGE_SZ_2M | KVM_MAP_GPA_RANGE_PAGE_SZ_1G) & ~KVM_MAP_GPA_RANGE_PAGE_SZ_MASK,
    0n,
  );
  t.is(APIC_DEST_MASK & APIC_SHORT_MASK, 0);
});
