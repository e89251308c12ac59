import { scaleDelta } from '../../abi/pvclock-scale.ts';
import {
  PVCLOCK_FLAGS,
  PVCLOCK_SYSTEM_TIME,
  PVCLOCK_TSC_SHIFT,
  PVCLOCK_TSC_TIMESTAMP,
  PVCLOCK_TSC_TO_SYSTEM_MUL,
  PVCLOCK_VERSION,
} from '../../abi/pvclock-vcpu-time-info.ts';
import { VM } from '../../host/records.ts';
import type { SharedMemory } from '../../memory/shared-memory.ts';
import { registerClock } from '../../scenarios/clock-support.ts';
import { clockArea } from '../../scenarios/guest-map.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { BENCH_SCENARIO } from './bench-scenario.ts';
import type { Workload } from './workload.ts';

const SUMMARY =
  'The same read without a port: a bare loop over typed arrays, to hold the port against.';

/** The pvclock read of the reference, on typed arrays: no port, no address translation, no exits. */
function bareRead({ u8, u32, u64 }: SharedMemory, area: number, tick: number): bigint {
  for (;;) {
    const before = (u32[(area + PVCLOCK_VERSION) >>> 2]! & ~1) >>> 0;
    const tsc = u64[tick >>> 3]!;
    const timestamp = u64[(area + PVCLOCK_TSC_TIMESTAMP) >>> 3]!;
    const systemTime = u64[(area + PVCLOCK_SYSTEM_TIME) >>> 3]!;
    const mul = u32[(area + PVCLOCK_TSC_TO_SYSTEM_MUL) >>> 2]!;
    const shift = (u8[area + PVCLOCK_TSC_SHIFT]! << 24) >> 24;
    const flags = u8[area + PVCLOCK_FLAGS]!;
    if (u32[(area + PVCLOCK_VERSION) >>> 2] !== before) continue;
    const elapsed = scaleDelta(BigInt.asUintN(64, tsc - timestamp), mul, shift);
    const time = BigInt.asUintN(64, systemTime + elapsed);
    if ((flags & 1) !== 0) return time;
  }
}

const scenario: Scenario = {
  ...BENCH_SCENARIO,
  name: 'bench:bare-read',
  summary: SUMMARY,
  threads: () => [
    {
      name: 'vcpu0',
      vcpu: 0,
      start(thread) {
        registerClock(thread);
        const memory = thread.kvm.memory as SharedMemory;
        const area = clockArea(0);
        const tick = thread.kvm.vm + VM.tick;
        return {
          step() {
            bareRead(memory, area, tick);
          },
        };
      },
    },
  ],
};

/** The bare loop; its ratio to `pvclock-read-solo` is what the port costs. */
export const portOverhead: Workload = {
  name: 'bare-read',
  summary: SUMMARY,
  scenario,
  counts: 'vcpu-steps',
  scales: false,
  native: false,
};
