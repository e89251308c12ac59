import * as v from 'valibot';
import { hexBytes, hexNumber, hexWord } from '../../fields.ts';
import { group } from '../../group.ts';
import type { Facts } from '../../result.ts';
import { Guest } from './guest.ts';
import { playStep } from './steps.ts';

/**
 * Asynchronous page faults: enabling, pages that are missing and come back, and who may be told what
 * when. What a step shows is general, all of it.
 */
export const apf = group(
  'apf',
  v.looseObject({
    kind: v.string(),
    value: hexNumber,
    prefill_byte: v.optional(hexWord),
    apic_sw_enabled: v.optional(v.boolean()),
    if: v.optional(v.picklist([0, 1])),
    cpl: v.optional(v.picklist([0, 3])),
    steps: v.array(
      v.looseObject({
        step: v.string(),
        exit_port: hexWord,
        bytes68: hexBytes,
        cr2: hexNumber,
        guest_saw_token_r10: hexNumber,
        irr_ec: v.picklist([0, 1]),
        isr_ec: v.picklist([0, 1]),
        en: hexNumber,
        int: hexNumber,
      }),
    ),
  }),
  (row, bench) => {
    const guest = Guest.create(bench, {
      value: row.value,
      prefill: row.prefill_byte ?? 0,
      apicEnabled: row.apic_sw_enabled ?? true,
      interruptFlag: row.if === 1,
      userMode: row.cpl === 3,
      // Chains begin where the first page is used, with everything set up.
      enabled: row.kind.startsWith('chain'),
      keepsFlags: row.kind.includes('flags_not_cleared'),
    });
    const expected: Record<string, Facts> = {};
    const got: Record<string, Facts> = {};
    row.steps.forEach((step, place) => {
      const name = `${place} ${step.step}`;
      expected[name] = {
        exitPort: step.exit_port,
        bytes: step.bytes68,
        cr2: step.cr2.toString(16),
        tokenSeen: step.guest_saw_token_r10.toString(16),
        irr: step.irr_ec,
        isr: step.isr_ec,
        enable: step.en.toString(16),
        vector: step.int.toString(16),
      };
      playStep(guest, step.step);
      got[name] = guest.facts();
    });
    return { expected, got };
  },
);
