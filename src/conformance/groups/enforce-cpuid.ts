import * as v from 'valibot';
import { hexNumber, hexWord, initiated } from '../fields.ts';
import { group } from '../group.ts';
import { hex } from '../hex.ts';
import { RecordingError } from '../recording-error.ts';
import { configOf, featureFields, vmWithFeatures } from '../vcpu-features.ts';

/** Which accesses a set of features lets through, enforced or not. */
export const enforceCpuid = group(
  'enforce_cpuid',
  v.looseObject({
    ...featureFields,
    msr: hexWord,
    initiated,
    op: v.picklist(['read', 'write']),
    value: v.optional(hexNumber),
    accepted: v.boolean(),
    host_readback: v.optional(v.nullable(hexNumber)),
  }),
  (row, bench) => {
    const vm = vmWithFeatures(bench, configOf(row));
    if (row.op === 'read') {
      const value = vm.read(row.initiated, row.msr);
      return { expected: { accepted: row.accepted }, got: { accepted: value !== undefined } };
    }
    if (row.value === undefined)
      throw new RecordingError('value: Expected one, as the row is a write');
    const accepted = vm.write(row.initiated, row.msr, row.value);
    const readback = vm.read('host', row.msr);
    const expected = { accepted: row.accepted };
    if (row.host_readback === undefined) return { expected, got: { accepted } };
    const recorded = row.host_readback;
    return {
      expected: { ...expected, host_readback: recorded === null ? null : hex(recorded) },
      got: { accepted, host_readback: readback === undefined ? null : hex(readback) },
    };
  },
);
