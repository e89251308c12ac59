import * as v from 'valibot';
import {
  PVCLOCK_FLAGS,
  PVCLOCK_GUEST_STOPPED,
  PVCLOCK_PAD,
  PVCLOCK_PAD0,
  PVCLOCK_VCPU_TIME_INFO_BYTES,
  PVCLOCK_VERSION,
} from '../../../abi/index.ts';
import { MSR_IA32_TSC } from '../../../host/msr.ts';
import { group } from '../../group.ts';
import { prefilled } from '../../prefill.ts';
import { clockFacts } from '../../pvclock-step.ts';
import type { RecordedVm } from '../../recorded-vm.ts';
import { RecordingError } from '../../recording-error.ts';
import type { Facts } from '../../result.ts';
import { type Area, modelFacts, setClock, withoutFeature } from './bench.ts';
import { recordedSurroundings, type Step, stepRow } from './step.ts';
import { enabling } from './version.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const HUGE = 0x7000_0000_0000_0000n;
/** What the recorder fills an area with that nobody is to touch. */
const UNTOUCHED = 0x5a;
/** Where the area is moved to: any other place. */
const OTHER_PLACE = 0x2_4000;
/** A TSC far from any that a running VM has. */
const FAR_TSC = 1n << 52n;

const seconds = (count: number): bigint => (BigInt(count * 10) * NANOSECONDS_PER_SECOND) / 10n;

interface Action {
  /** What KVM_SET_CLOCK is told. */
  readonly clock?: bigint;
  /** What the guest, or the recorder in its place, does to the area first. */
  readonly touch?: (area: DataView) => void;
  /** An ioctl or a WRMSR whose return value counts. */
  readonly call?: (story: Story) => number;
  /** KVM_RUN at the end. */
  readonly run: boolean;
  /** The area is another one from now on. */
  readonly place?: number;
}

interface Story {
  readonly vm: RecordedVm;
  readonly initiated: 'host' | 'guest';
  readonly msr: number;
  readonly value: bigint;
}

const write = (value?: bigint) => (story: Story) =>
  story.vm.write(story.initiated, story.msr, value ?? story.value) ? 1 : 0;

const pauseVcpu = ({ vm }: Story): number =>
  vm.kvm.ops.setGuestPaused(vm.kvm, vm.vcpu()) ? 0 : -22;

const everyByte = (byte: number) => (area: DataView) =>
  new Uint8Array(area.buffer, area.byteOffset, area.byteLength).fill(byte);

const flags = (change: (flags: number) => number) => (area: DataView) =>
  area.setUint8(PVCLOCK_FLAGS, change(area.getUint8(PVCLOCK_FLAGS)));

/** The steps by name. The clocks that are set differ, so that each can be told from the one before. */
const ACTIONS: Readonly<Record<string, Action>> = {
  enable_run: { call: write(), run: true },
  set_clock_1s_norun: { clock: seconds(1), run: false },
  set_clock_1s_run: { run: true },
  set_clock_0_run: { clock: 0n, run: true },
  set_clock_huge_run: { clock: HUGE, run: true },
  set_clock_5s_run: { clock: seconds(5), run: true },
  kvmclock_ctrl_norun: { call: pauseVcpu, run: false },
  kvmclock_ctrl_run: { run: true },
  run_again: { run: true },
  set_clock_again_flag_not_cleared_by_guest: { clock: seconds(6), run: true },
  guest_cleared_bit1_run: { touch: flags((old) => old & ~PVCLOCK_GUEST_STOPPED), run: true },
  set_clock_after_guest_clear: { clock: seconds(7), run: true },
  guest_wrote_flags_fc_then_set_clock: {
    touch: flags(() => 0xfc),
    clock: seconds(8),
    run: true,
  },
  guest_set_bit1_itself_then_set_clock: {
    touch: flags((old) => old | PVCLOCK_GUEST_STOPPED),
    clock: seconds(8.5),
    run: true,
  },
  guest_wrote_version_0x1001_then_set_clock: {
    touch: (area) => area.setUint32(PVCLOCK_VERSION, 0x1001, true),
    clock: seconds(9),
    run: true,
  },
  guest_wrote_pads_then_set_clock: {
    touch: (area) => {
      area.setUint32(PVCLOCK_PAD0, 0xffff_ffff, true);
      area.setUint16(PVCLOCK_PAD, 0xffff, true);
    },
    clock: seconds(9.5),
    run: true,
  },
  host_wrote_tsc_run: {
    call: ({ vm }) => (vm.write('host', MSR_IA32_TSC, FAR_TSC) ? 1 : 0),
    run: true,
  },
  disabled_run: {
    call: write(0n),
    touch: everyByte(UNTOUCHED),
    clock: seconds(10),
    run: true,
  },
  kvmclock_ctrl_while_disabled: { call: pauseVcpu, run: false },
  reenabled_run: { call: write(), touch: everyByte(0), run: true },
  moved_old_place: { call: write(BigInt(OTHER_PLACE) | 1n), run: true },
  moved_new_place: { run: true, place: OTHER_PLACE },
};

/** One area through all that can happen to it. */
export const lifecycle = group(
  'pvclock',
  v.looseObject({ kind: v.string(), ...enabling, steps: v.array(stepRow) }),
  (row, bench) => {
    const vm = bench.vm();
    const hidden = row.kind.match(/_cpuid_bit(\d+)_clear$/)?.[1];
    if (hidden !== undefined) withoutFeature(vm, Number(hidden));
    const story: Story = { vm, initiated: row.initiated, msr: row.msr, value: row.value };
    const prefill = prefilled(
      PVCLOCK_VCPU_TIME_INFO_BYTES,
      row.prefill_byte,
      PVCLOCK_VERSION,
      row.prefill_version,
    );
    let area: Area = { gpa: Number(row.value & ~1n), bytes: prefill };
    vm.fill(area.gpa, prefill);
    let recorded: Uint8Array = prefill;
    let clockSet: bigint | undefined;
    const expected: Record<string, Facts> = {};
    const got: Record<string, Facts> = {};
    for (const step of row.steps) {
      const action = ACTIONS[step.step];
      if (action === undefined)
        throw new RecordingError(`the step ${JSON.stringify(step.step)} is unknown`);
      if (action.place !== undefined) {
        area = { gpa: action.place, bytes: new Uint8Array(PVCLOCK_VCPU_TIME_INFO_BYTES) };
        recorded = area.bytes;
      }
      clockSet = action.clock ?? clockSet;
      const before = touched(area.bytes, action);
      const rc = perform(story, action, area.gpa, before);
      const judged = action.call !== undefined;
      expected[step.step] = {
        ...(judged ? { rc: step.rc } : {}),
        ...recordedFacts(touched(recorded, action), step, clockSet),
      };
      got[step.step] = { ...(judged ? { rc } : {}), ...modelFacts(vm, area, before, clockSet) };
      recorded = step.bytes32;
    }
    return { expected, got };
  },
);

const recordedFacts = (before: Uint8Array, step: Step, clockSet: bigint | undefined): Facts =>
  clockFacts(before, step.bytes32, recordedSurroundings(step, clockSet));

function touched(bytes: Uint8Array, { touch }: Action): Uint8Array {
  const copy = Uint8Array.from(bytes);
  touch?.(new DataView(copy.buffer));
  return copy;
}

/** The MSR first, then the memory, then the clock: what is disabled must not see the rest. */
function perform(story: Story, action: Action, gpa: number, before: Uint8Array): number {
  const { vm } = story;
  // A guest that enables must find the area as it is to be; one that disables leaves it first.
  const enables = action.clock === undefined;
  if (enables && action.touch !== undefined) vm.fill(gpa, before);
  const rc = action.call?.(story) ?? 0;
  if (!enables && action.touch !== undefined) vm.fill(gpa, before);
  if (action.clock !== undefined) setClock(vm, action.clock);
  if (action.run) vm.run(() => {});
  return rc;
}
