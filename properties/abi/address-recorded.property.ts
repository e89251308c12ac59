import test from 'ava';
import {
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK_NEW,
  msrByIndex,
  PVCLOCK_VCPU_TIME_INFO,
  PVCLOCK_WALL_CLOCK,
  type RecordLayout,
} from '../../src/abi/index.ts';
import { type MemoryDump, recordings } from '../fixtures.ts';
import { bytesOf, decode } from './decode.ts';

/** Before each of these writes, the area held this version. */
interface Prefilled {
  readonly layout: RecordLayout;
  readonly addressMask: bigint;
  readonly version: bigint;
}

/**
 * Dumps whose memory does not say "one record, published once, at the address in the MSR value, and
 * nothing around it". Of those that lie wholly in the dump and changed at all.
 */
function misplaced(
  dumps: readonly MemoryDump[],
  { layout, addressMask, version }: Prefilled,
): readonly string[] {
  return dumps.flatMap(
    ({ value = '0', dump_from: from = '0', mem_before = '', mem_after = '' }) => {
      const [before, after] = [bytesOf(mem_before), bytesOf(mem_after)];
      const start = Number((BigInt(value) & addressMask) - BigInt(from));
      if (mem_before === mem_after || start + layout.size > before.length) return [];
      const outside = (bytes: Uint8Array) =>
        [...bytes.subarray(0, start), ...bytes.subarray(start + layout.size)].join();
      const published =
        start >= 0 && decode(layout, after.subarray(start)).get('version') === version + 2n;
      return published && outside(before) === outside(after) ? [] : [value];
    },
  );
}

const wallClocks = recordings.wallclock.filter(({ kind }) => kind === 'address');
const clocks = recordings.pvclock.filter(({ kind }) => kind === 'address');
const wallClock = {
  layout: PVCLOCK_WALL_CLOCK,
  addressMask: msrByIndex(MSR_KVM_WALL_CLOCK_NEW)!.addressMask,
  version: 0x10n,
};
const clock = {
  layout: PVCLOCK_VCPU_TIME_INFO,
  addressMask: msrByIndex(MSR_KVM_SYSTEM_TIME_NEW)!.addressMask,
  version: 0xaaaa_aaaan,
};

test('a wall clock is written exactly at the address its mask takes from the value, odd ones too', (t) => {
  t.deepEqual(misplaced(wallClocks, wallClock), []);
  t.not(
    misplaced(wallClocks, { ...wallClock, addressMask: wallClock.addressMask & ~1n }).length,
    0,
  );
  t.not(
    misplaced(wallClocks, { ...wallClock, addressMask: wallClock.addressMask & ~3n }).length,
    0,
  );
});

test('a clock area is written exactly at the address its mask takes from the value', (t) => {
  t.deepEqual(misplaced(clocks, clock), []);
  t.not(misplaced(clocks, { ...clock, addressMask: clock.addressMask | 1n }).length, 0);
  t.not(misplaced(clocks, { ...clock, addressMask: clock.addressMask & ~0x3fn }).length, 0);
});

test('records that are too short or too long for the memory that changed are noticed', (t) => {
  t.not(
    misplaced(wallClocks, { ...wallClock, layout: { ...PVCLOCK_WALL_CLOCK, size: 8 } }).length,
    0,
  );
  t.not(misplaced(clocks, { ...clock, layout: { ...PVCLOCK_VCPU_TIME_INFO, size: 28 } }).length, 0);
});
