import * as v from 'valibot';
import { hexBytes, hexNumber } from '../../fields.ts';
import { bytesOfHex } from '../../hex.ts';
import type { Surroundings } from '../../pvclock-step.ts';

/** A step as it was recorded. */
export const stepRow = v.looseObject({
  step: v.string(),
  rc: v.number(),
  bytes32: v.pipe(hexBytes, v.length(64), v.transform(bytesOfHex)),
  host_clock_ns: hexNumber,
  host_clock_flags: v.number(),
  guest_tsc_msr10: hexNumber,
});

export type Step = v.InferOutput<typeof stepRow>;

/** What was noted around a recorded step. */
export function recordedSurroundings(step: Step, clockSet: bigint | undefined): Surroundings {
  return {
    clockSet,
    hostClock: step.host_clock_ns,
    hostClockFlags: step.host_clock_flags,
    guestTsc: step.guest_tsc_msr10,
  };
}
