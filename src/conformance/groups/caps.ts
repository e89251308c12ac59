import * as v from 'valibot';
import { checkExtension } from '../../host/capabilities.ts';
import { CAPABILITY_NUMBERS } from '../capability-numbers.ts';
import { group } from '../group.ts';
import type { Facts } from '../result.ts';

/**
 * Numbers of KVM's extensions, and what KVM_CHECK_EXTENSION says of those that this interface rests
 * on, asked of the system and of a VM. What it says of the others is the host's.
 */
export const caps = group(
  'caps',
  v.looseObject({ cap: v.string(), number: v.number(), system: v.number(), vm: v.number() }),
  (row, bench) => {
    const number = CAPABILITY_NUMBERS[row.cap];
    const { kvm } = bench.vm({ tscScaling: scalesTsc(bench.rows('caps')) });
    const answer = checkExtension(kvm, row.number);
    const said = ({ system, vm }: { system: number; vm: number }): Facts =>
      answer === undefined ? {} : { system, vm };
    return {
      expected: { ...(number === undefined ? {} : { number: row.number }), ...said(row) },
      got: {
        ...(number === undefined ? {} : { number }),
        ...said({ system: answer ?? 0, vm: answer ?? 0 }),
      },
    };
  },
);

const tscControl = v.looseObject({ cap: v.literal('KVM_CAP_TSC_CONTROL'), system: v.number() });

/** Whether the recorded machine could scale a TSC: by its own words, or else by its tags it could not. */
function scalesTsc(rows: readonly unknown[]): boolean {
  return rows.some((row) => v.is(tscControl, row) && row.system !== 0);
}
