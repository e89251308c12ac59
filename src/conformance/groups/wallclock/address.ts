import * as v from 'valibot';
import {
  PVCLOCK_WALL_CLOCK,
  PVCLOCK_WALL_CLOCK_BYTES,
  PVCLOCK_WALL_CLOCK_VERSION,
} from '../../../abi/index.ts';
import { hexBytes, hexNumber, hexWord, initiated } from '../../fields.ts';
import { group } from '../../group.ts';
import { bytesOfHex, hex, hexOfBytes } from '../../hex.ts';
import type { Facts } from '../../result.ts';

/** Where a value puts the record, and how much of it where memory ends. */
export const address = group(
  'wallclock',
  v.looseObject({
    kind: v.string(),
    initiated,
    msr: hexWord,
    value: hexNumber,
    accepted: v.boolean(),
    readback: hexNumber,
    dump_from: hexNumber,
    mem_before: hexBytes,
    mem_after: hexBytes,
  }),
  (row, bench) => {
    const vm = bench.vm();
    const from = Number(row.dump_from);
    const before = bytesOfHex(row.mem_before);
    vm.fill(from, before);
    const accepted = vm.write(row.initiated, row.msr, row.value);
    const start = row.value - row.dump_from;
    return {
      expected: {
        accepted: row.accepted,
        readback: hex(row.readback),
        ...placeFacts(before, bytesOfHex(row.mem_after), start),
      },
      got: {
        accepted,
        readback: hex(vm.read('host', row.msr) ?? -1n),
        ...placeFacts(before, vm.bytes(from, before.length), start),
      },
    };
  },
);

/** The version to the bit, of the times which bytes were written; and that nothing else was. */
function placeFacts(before: Uint8Array, after: Uint8Array, place: bigint): Facts {
  const inside = place >= 0n && place < BigInt(before.length);
  const start = inside ? Number(place) : before.length;
  const end = Math.min(start + PVCLOCK_WALL_CLOCK_BYTES, before.length);
  const around = (bytes: Uint8Array): string =>
    hexOfBytes(bytes.subarray(0, start)) + hexOfBytes(bytes.subarray(end));
  const fields = PVCLOCK_WALL_CLOCK.fields.flatMap(({ name, offset, size }) => {
    const [from, to] = [start + offset, Math.min(start + offset + size, end)];
    if (from >= to) return [];
    const [old, young] = [before.slice(from, to), after.slice(from, to)].map(hexOfBytes);
    const exact = offset === PVCLOCK_WALL_CLOCK_VERSION;
    return [[name, exact ? young! : old === young ? 'untouched' : 'written'] as const];
  });
  return { aroundUnchanged: around(before) === around(after), ...Object.fromEntries(fields) };
}
