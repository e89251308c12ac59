import * as v from 'valibot';
import { MSR_KVM_WALL_CLOCK_NEW, PVCLOCK_WALL_CLOCK_BYTES } from '../../../abi/index.ts';
import { nanoseconds } from '../../fields.ts';
import { group } from '../../group.ts';
import { epochFacts, wallClockAt } from '../../wall-clock-step.ts';
import { readClocks } from './clocks.ts';

const AREA = 0x2_0000;

/** The wall clock after KVM_SET_CLOCK: it moves against the guest's clock. */
export const afterSetClock = group(
  'wallclock',
  v.looseObject({
    kind: v.string(),
    set_clock_ns: nanoseconds,
    rc: v.number(),
    accepted: v.boolean(),
    sec: v.number(),
    nsec: v.number(),
    realtime_before_ns: nanoseconds,
    realtime_after_ns: nanoseconds,
    kvmclock_after_ns: nanoseconds,
  }),
  (row, bench) => {
    const vm = bench.vm();
    const { kvm } = vm;
    vm.run(() => {});
    const done = kvm.ops.setClock(kvm, { clock: row.set_clock_ns, flags: 0, realtime: 0n });
    const before = readClocks(vm);
    const accepted = vm.write('guest', MSR_KVM_WALL_CLOCK_NEW, BigInt(AREA));
    vm.pass();
    const after = readClocks(vm);
    return {
      expected: {
        rc: row.rc,
        accepted: row.accepted,
        ...epochFacts(row, {
          realtimeBefore: row.realtime_before_ns,
          realtimeAfter: row.realtime_after_ns,
          guestClockBefore: row.set_clock_ns,
          guestClockAfter: row.kvmclock_after_ns,
        }),
      },
      got: {
        rc: done ? 0 : -1,
        accepted,
        ...epochFacts(wallClockAt(vm.bytes(AREA, PVCLOCK_WALL_CLOCK_BYTES)), {
          realtimeBefore: before.realtime,
          realtimeAfter: after.realtime,
          guestClockBefore: row.set_clock_ns,
          guestClockAfter: after.guestClock,
        }),
      },
    };
  },
);
