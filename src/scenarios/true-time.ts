import type { ClockParameters } from '../host/kvmclock.ts';
import { type MachineSpec, perVcpu } from '../host/machine.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** Nanoseconds that a reading may lose besides the multiplier's rounding: the shift's and the floor's. */
const FLOORS = 2n;

/**
 * P5: whether a value is what one publication and one TSC sample give in exact arithmetic, up to the
 * rounding of the scale, which loses less than 1 ns in each second since the publication.
 */
export function withinRounding(
  machine: MachineSpec,
  vcpu: number,
): (published: ClockParameters, tsc: bigint, value: bigint) => boolean {
  const kHz = BigInt(perVcpu(machine.tscKhz, vcpu));
  return (published, tsc, value) => {
    const ticks = BigInt.asUintN(64, tsc - published.tscTimestamp);
    const elapsed = (ticks * 1_000_000n) / kHz;
    const lost = BigInt.asIntN(64, published.systemTime + elapsed - value);
    return lost >= -1n && lost <= FLOORS + elapsed / NANOSECONDS_PER_SECOND;
  };
}
