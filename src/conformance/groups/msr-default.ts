import * as v from 'valibot';
import { hexNumber, hexWord, initiated, irqchip } from '../fields.ts';
import { group } from '../group.ts';
import { hex } from '../hex.ts';

/** What a fresh vCPU holds. */
export const msrDefault = group(
  'msr_default',
  v.looseObject({
    irqchip,
    msr: hexWord,
    initiated,
    readable: v.boolean(),
    value: v.nullable(hexNumber),
  }),
  (row, bench) => {
    const value = bench.vm({ irqchip: row.irqchip }).read(row.initiated, row.msr);
    return {
      expected: { readable: row.readable, value: hex(row.value ?? 0n) },
      got: { readable: value !== undefined, value: hex(value ?? 0n) },
    };
  },
);
