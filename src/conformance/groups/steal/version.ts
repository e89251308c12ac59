import * as v from 'valibot';
import {
  KVM_STEAL_TIME_BYTES,
  KVM_STEAL_TIME_PREEMPTED,
  KVM_STEAL_TIME_VERSION,
  KVM_STEAL_VALID_BITS,
} from '../../../abi/index.ts';
import { hexBytes, hexNumber, hexWord, initiated } from '../../fields.ts';
import { group } from '../../group.ts';
import { bytesOfHex, hexOfBytes } from '../../hex.ts';
import { prefilled } from '../../prefill.ts';
import type { RecordedVm } from '../../recorded-vm.ts';
import { RecordingError } from '../../recording-error.ts';
import type { Facts } from '../../result.ts';
import { stealFacts, stolenBetween } from '../../steal-step.ts';
import { passRunDelay } from './run-delay.ts';

/** What the recorder fills an area with that nobody is to touch. */
const UNTOUCHED = 0x5a;
const GUARD = 0xcc;
const GUARD_BYTES = 64;

interface Action {
  /** The MSR is written: with the row's value, or with 0. */
  readonly write?: 'value' | 'zero';
  readonly touch?: (area: Uint8Array) => void;
  readonly run: boolean;
}

const preempted = (byte: number) => (area: Uint8Array) => {
  area[KVM_STEAL_TIME_PREEMPTED] = byte;
};

const ACTIONS: Readonly<Record<string, Action>> = {
  msr_write: { write: 'value', run: false },
  run1: { run: true },
  run2: { run: true },
  run3_after_1ms_sleep: { run: true },
  preempted_forced_1_run: { touch: preempted(1), run: true },
  preempted_forced_3_run: { touch: preempted(3), run: true },
  rewrite_same: { write: 'value', run: false },
  rewrite_same_run: { run: true },
  disabled_run: { write: 'zero', touch: (area) => area.fill(UNTOUCHED), run: true },
};

/** A pre-filled area, and what each entry makes of it. */
export const version = group(
  'steal',
  v.looseObject({
    kind: v.string(),
    initiated,
    msr: hexWord,
    value: hexNumber,
    prefill_byte: hexWord,
    prefill_version: hexWord,
    guard_ok: v.boolean(),
    steps: v.array(
      v.looseObject({
        step: v.string(),
        rc: v.number(),
        bytes64: v.pipe(hexBytes, v.length(128), v.transform(bytesOfHex)),
      }),
    ),
  }),
  (row, bench) => {
    const vm = bench.vm();
    const gpa = Number(row.value & KVM_STEAL_VALID_BITS);
    const guard = new Uint8Array(GUARD_BYTES).fill(GUARD);
    for (const place of [gpa - GUARD_BYTES, gpa + KVM_STEAL_TIME_BYTES]) vm.fill(place, guard);
    const prefill = prefilled(
      KVM_STEAL_TIME_BYTES,
      row.prefill_byte,
      KVM_STEAL_TIME_VERSION,
      row.prefill_version,
    );
    vm.fill(gpa, prefill);
    let recorded: Uint8Array = prefill;
    let own: Uint8Array = prefill;
    const expected: Record<string, Facts> = {};
    const got: Record<string, Facts> = {};
    for (const step of row.steps) {
      const action = ACTIONS[step.step];
      if (action === undefined)
        throw new RecordingError(`the step ${JSON.stringify(step.step)} is unknown`);
      const found = touched(recorded, action);
      // How long the thread waited is the recorded machine's; what KVM makes of it is not.
      passRunDelay(vm, stolenBetween(found, step.bytes64));
      own = touched(own, action);
      const rc = perform(vm, row, action, gpa, own);
      const after = vm.bytes(gpa, KVM_STEAL_TIME_BYTES);
      const judged = action.write !== undefined;
      expected[step.step] = {
        ...(judged ? { rc: step.rc } : {}),
        ...stealFacts(found, step.bytes64),
      };
      got[step.step] = { ...(judged ? { rc } : {}), ...stealFacts(own, after) };
      recorded = step.bytes64;
      own = after;
    }
    const kept = [gpa - GUARD_BYTES, gpa + KVM_STEAL_TIME_BYTES].every(
      (place) => vm.dump(place, GUARD_BYTES) === hexOfBytes(guard),
    );
    return {
      expected: { ...expected, guardOk: row.guard_ok },
      got: { ...got, guardOk: kept },
    };
  },
);

function touched(bytes: Uint8Array, { touch }: Action): Uint8Array {
  const copy = Uint8Array.from(bytes);
  touch?.(copy);
  return copy;
}

interface Enabling {
  readonly initiated: 'host' | 'guest';
  readonly msr: number;
  readonly value: bigint;
}

/** The MSR first: what is disabled must not see what the memory becomes. */
function perform(
  vm: RecordedVm,
  { initiated: by, msr, value }: Enabling,
  action: Action,
  gpa: number,
  area: Uint8Array,
): number {
  const { write, touch, run } = action;
  const accepted = write === undefined || vm.writeAndExit(by, msr, write === 'zero' ? 0n : value);
  if (touch !== undefined) vm.fill(gpa, area);
  if (run) vm.run(() => {});
  return accepted ? 1 : 0;
}
