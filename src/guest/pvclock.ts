import { scaleDelta } from '../abi/pvclock-scale.ts';
import {
  PVCLOCK_FLAGS,
  PVCLOCK_SYSTEM_TIME,
  PVCLOCK_TSC_SHIFT,
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_TSC_TIMESTAMP,
  PVCLOCK_TSC_TO_SYSTEM_MUL,
  PVCLOCK_VERSION,
} from '../abi/pvclock-vcpu-time-info.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import type { ClockAddresses } from './roles.ts';

/**
 * The guest clock in ns. Fact sheet 4.2, steps 1 to 12; `__pvclock_clocksource_read`.
 *
 * Never less than a read that completed before this one started, on any vCPU: either because the
 * host promises it (TSC_STABLE) or because of the shared maximum.
 */
export function readClock(cpu: Vcpu, at: ClockAddresses): bigint {
  const { area } = at;
  for (;;) {
    // Even by the mask: an odd version, an update in progress, can never match the second load.
    const version = (cpu.load32(area + PVCLOCK_VERSION) & ~1) >>> 0;
    // Pairs with the host's barrier before the even version.
    cpu.rmb();
    const tsc = cpu.rdtscOrdered();
    const timestamp = cpu.load64(area + PVCLOCK_TSC_TIMESTAMP);
    const systemTime = cpu.load64(area + PVCLOCK_SYSTEM_TIME);
    const mul = cpu.load32(area + PVCLOCK_TSC_TO_SYSTEM_MUL);
    const shift = (cpu.load8(area + PVCLOCK_TSC_SHIFT) << 24) >> 24;
    const flags = cpu.load8(area + PVCLOCK_FLAGS);
    // Pairs with the host's barrier after the odd version.
    cpu.rmb();
    if (cpu.load32(area + PVCLOCK_VERSION) !== version) continue;
    const time = BigInt.asUintN(
      64,
      systemTime + scaleDelta(BigInt.asUintN(64, tsc - timestamp), mul, shift),
    );
    if ((flags & at.validFlags & PVCLOCK_TSC_STABLE_BIT) !== 0) return time;
    return atLeastLastValue(cpu, at.lastValue, time);
  }
}

/** The fallback: no vCPU returns less than any has returned before. */
export function atLeastLastValue(cpu: Vcpu, lastValue: Gpa, time: bigint): bigint {
  let last = cpu.load64(lastValue);
  for (;;) {
    if (time <= last) return last;
    const seen = cpu.lockCmpxchg64(lastValue, last, time);
    if (seen === last) return time;
    last = seen;
  }
}
