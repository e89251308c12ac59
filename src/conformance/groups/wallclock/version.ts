import * as v from 'valibot';
import { PVCLOCK_WALL_CLOCK_BYTES } from '../../../abi/index.ts';
import { hexBytes, hexNumber, hexWord, initiated, nanoseconds } from '../../fields.ts';
import { group } from '../../group.ts';
import { bytesOfHex, hex, hexOfBytes } from '../../hex.ts';
import type { RecordedVm } from '../../recorded-vm.ts';
import type { Facts } from '../../result.ts';
import { epochFacts, type HostClocks, type WallClock, wallClockAt } from '../../wall-clock-step.ts';
import { readClocks } from './clocks.ts';

const stepRow = v.looseObject({
  accepted: v.boolean(),
  version: hexWord,
  sec: v.number(),
  nsec: v.number(),
  bytes12: v.pipe(hexBytes, v.length(24), v.transform(bytesOfHex)),
  guard_ok: v.boolean(),
  realtime_before_ns: nanoseconds,
  realtime_after_ns: nanoseconds,
  kvmclock_before_ns: nanoseconds,
  kvmclock_after_ns: nanoseconds,
});

/** Bytes around the area that nobody is to touch. */
const GUARD_BYTES = 16;
const GUARD = 0xcc;

/** A pre-filled version, and what each write of the MSR makes of it. */
export const version = group(
  'wallclock',
  v.looseObject({
    kind: v.string(),
    initiated,
    msr: hexWord,
    value: hexNumber,
    prefill_version: hexWord,
    steps: v.array(stepRow),
  }),
  (row, bench) => {
    const vm = bench.vm();
    const gpa = Number(row.value);
    vm.fill(
      gpa - GUARD_BYTES,
      new Uint8Array(GUARD_BYTES * 2 + PVCLOCK_WALL_CLOCK_BYTES).fill(GUARD),
    );
    vm.fill(gpa, new Uint8Array(PVCLOCK_WALL_CLOCK_BYTES));
    vm.fill(gpa, wordBytes(row.prefill_version));
    const expected: Record<string, Facts> = {};
    const got: Record<string, Facts> = {};
    row.steps.forEach((step, index) => {
      const name = `write ${index + 1}`;
      expected[name] = facts(step.accepted, step.guard_ok, step, wallClockAt(step.bytes12), {
        realtimeBefore: step.realtime_before_ns,
        realtimeAfter: step.realtime_after_ns,
        guestClockBefore: step.kvmclock_before_ns,
        guestClockAfter: step.kvmclock_after_ns,
      });
      const before = readClocks(vm);
      const accepted = vm.write(row.initiated, row.msr, row.value);
      vm.pass();
      const after = readClocks(vm);
      const clock = wallClockAt(vm.bytes(gpa, PVCLOCK_WALL_CLOCK_BYTES));
      got[name] = facts(accepted, guardKept(vm, gpa), clock, clock, {
        realtimeBefore: before.realtime,
        realtimeAfter: after.realtime,
        guestClockBefore: before.guestClock,
        guestClockAfter: after.guestClock,
      });
    });
    return { expected, got };
  },
);

function facts(
  accepted: boolean,
  guardOk: boolean,
  told: WallClock,
  dumped: WallClock,
  clocks: HostClocks,
): Facts {
  return {
    accepted,
    guardOk,
    version: hex(told.version),
    dumpSaysTheSame:
      told.version === dumped.version && told.sec === dumped.sec && told.nsec === dumped.nsec,
    ...epochFacts(dumped, clocks),
  };
}

function wordBytes(word: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytes;
}

function guardKept(vm: RecordedVm, gpa: number): boolean {
  const guard = hexOfBytes(new Uint8Array(GUARD_BYTES).fill(GUARD));
  const behind = gpa + PVCLOCK_WALL_CLOCK_BYTES;
  return (
    vm.dump(gpa - GUARD_BYTES, GUARD_BYTES) === guard && vm.dump(behind, GUARD_BYTES) === guard
  );
}
