import * as v from 'valibot';
import { hexNumber, hexWord, initiated, irqchip } from '../fields.ts';
import { group } from '../group.ts';
import { hex } from '../hex.ts';

const row = v.looseObject({
  irqchip,
  msr: hexWord,
  value: hexNumber,
  initiated,
  before: v.nullable(hexNumber),
  accepted: v.boolean(),
  readback: v.nullable(hexNumber),
  guest_readback: v.optional(v.nullable(hexNumber)),
});

const hexOrNull = (value: bigint | null | undefined): string | null =>
  value === null || value === undefined ? null : hex(value);

/** One write after another value, and what is read back. Rows of the host and of the guest. */
const msrWrite = (name: string) =>
  group(name, row, (write, bench) => {
    const { msr, before, value } = write;
    const vm = bench.vm({ irqchip: write.irqchip });
    // Accepted or not: a refused value of ASYNC_PF_EN is what later rows found there.
    if (before !== null && vm.read('host', msr) !== before) vm.write('host', msr, before);
    const found = vm.read('host', msr);
    const accepted = vm.write(write.initiated, msr, value);
    const readback = vm.read('host', msr);
    const expected = {
      before: hexOrNull(before),
      accepted: write.accepted,
      readback: hexOrNull(write.readback),
    };
    const got = { before: hexOrNull(found), accepted, readback: hexOrNull(readback) };
    if (write.guest_readback === undefined) return { expected, got };
    return {
      expected: { ...expected, guest_readback: hexOrNull(write.guest_readback) },
      got: { ...got, guest_readback: hexOrNull(vm.read('guest', msr)) },
    };
  });

export const msrHost = msrWrite('msr_host');
export const msrGuest = msrWrite('msr_guest');
