import * as v from 'valibot';
import { PVCLOCK_VCPU_TIME_INFO_BYTES } from '../../../abi/index.ts';
import { hexNumber, hexWord, initiated } from '../../fields.ts';
import { group } from '../../group.ts';
import { prefilled } from '../../prefill.ts';
import { clockFacts } from '../../pvclock-step.ts';
import type { RecordedVm } from '../../recorded-vm.ts';
import { RecordingError } from '../../recording-error.ts';
import type { Facts } from '../../result.ts';
import { type Area, modelFacts } from './bench.ts';
import { recordedSurroundings, stepRow } from './step.ts';

/** Fields of every row that enables the clock. */
export const enabling = {
  initiated,
  msr: hexWord,
  value: hexNumber,
  prefill_version: hexWord,
  prefill_byte: hexWord,
  steps: v.array(stepRow),
};

/** Steps that write an MSR: of them the return value is part of the contract. */
const WRITES = new Set(['msr_write', 'rewrite_msr_run']);

/** A pre-filled area, and what the first entries make of its version. */
export const version = group(
  'pvclock',
  v.looseObject({ kind: v.string(), ...enabling }),
  (row, bench) => {
    const vm = bench.vm();
    const area: Area = {
      gpa: Number(row.value & ~1n),
      bytes: prefilled(PVCLOCK_VCPU_TIME_INFO_BYTES, row.prefill_byte, 0, row.prefill_version),
    };
    vm.fill(area.gpa, area.bytes);
    let recorded = area.bytes;
    const expected: Record<string, Facts> = {};
    const got: Record<string, Facts> = {};
    for (const step of row.steps) {
      const before = area.bytes;
      const rc = perform(vm, step.step, row);
      const judged = WRITES.has(step.step);
      expected[step.step] = {
        ...(judged ? { rc: step.rc } : {}),
        ...clockFacts(recorded, step.bytes32, recordedSurroundings(step, undefined)),
      };
      got[step.step] = {
        ...(judged ? { rc } : {}),
        ...modelFacts(vm, area, before, undefined),
      };
      recorded = step.bytes32;
    }
    return { expected, got };
  },
);

type Write = { readonly initiated: 'host' | 'guest'; readonly msr: number; readonly value: bigint };

/** Does what the step's name says; how many MSRs were written. */
function perform(vm: RecordedVm, step: string, { initiated: by, msr, value }: Write): number {
  switch (step) {
    case 'msr_write':
      return vm.write(by, msr, value) ? 1 : 0;
    case 'run_immediate_exit':
      // KVM_RUN with `immediate_exit` set returns before it enters the guest.
      return 0;
    case 'run1':
    case 'run2':
      vm.run(() => {});
      return 0;
    case 'rewrite_msr_run': {
      const accepted = vm.write(by, msr, value);
      vm.run(() => {});
      return accepted ? 1 : 0;
    }
    default:
      throw new RecordingError(`the step ${JSON.stringify(step)} is unknown`);
  }
}
