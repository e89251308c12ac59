import * as v from 'valibot';
import { PVCLOCK_VCPU_TIME_INFO_BYTES } from '../../../abi/index.ts';
import { hexBytes, hexNumber, hexWord, initiated } from '../../fields.ts';
import { group } from '../../group.ts';
import { bytesOfHex, hex, hexOfBytes } from '../../hex.ts';
import { clockFacts } from '../../pvclock-step.ts';
import type { Facts } from '../../result.ts';

/** Where a value puts the area, and which places it is never written at. */
export const address = group(
  'pvclock',
  v.looseObject({
    kind: v.string(),
    initiated,
    msr: hexWord,
    value: hexNumber,
    accepted: v.boolean(),
    readback: hexNumber,
    written: v.boolean(),
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
    vm.run(() => {});
    const after = vm.bytes(from, before.length);
    const start = Number((row.value & ~1n) - row.dump_from);
    return {
      expected: {
        accepted: row.accepted,
        readback: hex(row.readback),
        written: row.written,
        ...placeFacts(before, bytesOfHex(row.mem_after), start),
      },
      got: {
        accepted,
        readback: hex(vm.read('host', row.msr) ?? -1n),
        written: hexOfBytes(after) !== row.mem_before,
        ...placeFacts(before, after, start),
      },
    };
  },
);

/** What happened to the area, and that nothing happened around it. */
function placeFacts(before: Uint8Array, after: Uint8Array, start: number): Facts {
  if (start < 0 || start + PVCLOCK_VCPU_TIME_INFO_BYTES > before.length) {
    return { unchanged: hexOfBytes(before) === hexOfBytes(after) };
  }
  const end = start + PVCLOCK_VCPU_TIME_INFO_BYTES;
  const around = (bytes: Uint8Array): string =>
    hexOfBytes(bytes.subarray(0, start)) + hexOfBytes(bytes.subarray(end));
  return {
    aroundUnchanged: around(before) === around(after),
    area: clockFacts(before.slice(start, end), after.slice(start, end)),
  };
}
