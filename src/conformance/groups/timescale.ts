import * as v from 'valibot';
import { MSR_KVM_SYSTEM_TIME_NEW, PVCLOCK_VCPU_TIME_INFO_BYTES } from '../../abi/index.ts';
import { VCPU } from '../../host/records.ts';
import { setTscKhz, setVmTscKhz } from '../../host/tsc-khz.ts';
import { errnoOf } from '../errno.ts';
import { hexWord } from '../fields.ts';
import { group } from '../group.ts';
import { hex } from '../hex.ts';
import { clockAt } from '../pvclock-step.ts';

const AREA = 0x2_0000;

/** KVM_SET_TSC_KHZ on a host that cannot scale a TSC, and the scale that the clock then has. */
export const timescale = group(
  'timescale',
  v.looseObject({
    ioctl_on: v.picklist(['vcpu', 'vm']),
    requested_tsc_khz: v.number(),
    rc: v.number(),
    errno: v.number(),
    khz_before: v.number(),
    tsc_khz: v.number(),
    mul: hexWord,
    shift: v.number(),
    flags: v.number(),
  }),
  (row, bench) => {
    const vm = bench.vm({ hostTscKhz: bench.machine.tscKhz });
    const { kvm } = vm;
    const tscKhz = (): number => kvm.memory.load32(vm.vcpu() + VCPU.virtualTscKhz);
    const before = tscKhz();
    const result =
      row.ioctl_on === 'vm'
        ? setVmTscKhz(kvm, row.requested_tsc_khz)
        : setTscKhz(kvm, vm.vcpu(), row.requested_tsc_khz);
    vm.write('guest', MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
    const { mul, shift, flags } = clockAt(vm.bytes(AREA, PVCLOCK_VCPU_TIME_INFO_BYTES));
    return {
      expected: {
        rc: row.rc,
        errno: row.errno,
        khz_before: row.khz_before,
        tsc_khz: row.tsc_khz,
        mul: hex(row.mul),
        shift: row.shift,
        flags: row.flags,
      },
      got: {
        ...errnoOf(result),
        khz_before: before,
        tsc_khz: tscKhz(),
        mul: hex(mul),
        shift,
        flags,
      },
    };
  },
);
