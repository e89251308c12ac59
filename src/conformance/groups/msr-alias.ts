import * as v from 'valibot';
import { hexNumber, hexWord, initiated } from '../fields.ts';
import { group } from '../group.ts';
import { hex } from '../hex.ts';

/** Two indices of one register. */
export const msrAlias = group(
  'msr_alias',
  v.looseObject({
    initiated,
    written: hexWord,
    value: hexNumber,
    accepted: v.boolean(),
    readback_same: hexNumber,
    other: hexWord,
    readback_other: hexNumber,
  }),
  (row, bench) => {
    const vm = bench.vm();
    const accepted = vm.write(row.initiated, row.written, row.value);
    return {
      expected: {
        accepted: row.accepted,
        readback_same: hex(row.readback_same),
        readback_other: hex(row.readback_other),
      },
      got: {
        accepted,
        readback_same: hex(vm.read(row.initiated, row.written) ?? -1n),
        readback_other: hex(vm.read(row.initiated, row.other) ?? -1n),
      },
    };
  },
);
