import * as v from 'valibot';
import {
  KVM_STEAL_TIME_BYTES,
  KVM_STEAL_VALID_BITS,
  MSR_KVM_STEAL_TIME,
} from '../../../abi/index.ts';
import { hexBytes, hexNumber, initiated } from '../../fields.ts';
import { group } from '../../group.ts';
import { bytesOfHex, hex } from '../../hex.ts';
import { RAM_BYTES } from '../../recorded-vm.ts';
import { stealFacts, stealIn } from '../../steal-step.ts';
import { passRunDelay } from './run-delay.ts';

const ZEROS = new Uint8Array(KVM_STEAL_TIME_BYTES);

/** Where a value puts the area, and which places it is never written at. */
export const address = group(
  'steal',
  v.looseObject({
    kind: v.string(),
    initiated,
    value: hexNumber,
    accepted: v.boolean(),
    readback: hexNumber,
    mem_after: v.pipe(hexBytes, v.length(128), v.transform(bytesOfHex)),
  }),
  (row, bench) => {
    const vm = bench.vm();
    passRunDelay(vm, stealIn(row.mem_after));
    const accepted = vm.write(row.initiated, MSR_KVM_STEAL_TIME, row.value);
    vm.run(() => {});
    const gpa = Number(row.value & KVM_STEAL_VALID_BITS);
    // Where there is no memory, the place that the low bits alone would name.
    const own = vm.bytes(gpa, KVM_STEAL_TIME_BYTES);
    const low = Number(row.value & KVM_STEAL_VALID_BITS & BigInt(RAM_BYTES - 1));
    const after = own.length > 0 ? own : vm.bytes(low, KVM_STEAL_TIME_BYTES);
    return {
      expected: {
        accepted: row.accepted,
        readback: hex(row.readback),
        ...stealFacts(ZEROS, row.mem_after),
      },
      got: {
        accepted,
        readback: hex(vm.read('host', MSR_KVM_STEAL_TIME) ?? -1n),
        ...stealFacts(ZEROS, after),
      },
    };
  },
);
