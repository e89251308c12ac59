import {
  PVCLOCK_FLAGS,
  PVCLOCK_PAD,
  PVCLOCK_PAD0,
  PVCLOCK_SYSTEM_TIME,
  PVCLOCK_TSC_SHIFT,
  PVCLOCK_TSC_TIMESTAMP,
  PVCLOCK_TSC_TO_SYSTEM_MUL,
  PVCLOCK_VERSION,
} from '../abi/index.ts';
import { hex, hexOfBytes } from './hex.ts';
import type { Facts } from './result.ts';

/** A `pvclock_vcpu_time_info` as a dump has it. */
export interface Clock {
  readonly version: number;
  readonly pad0: number;
  readonly tscTimestamp: bigint;
  readonly systemTime: bigint;
  readonly mul: number;
  readonly shift: number;
  readonly flags: number;
  readonly pad: number;
}

/** The record in 32 bytes. */
export function clockAt(bytes: Uint8Array): Clock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    version: view.getUint32(PVCLOCK_VERSION, true),
    pad0: view.getUint32(PVCLOCK_PAD0, true),
    tscTimestamp: view.getBigUint64(PVCLOCK_TSC_TIMESTAMP, true),
    systemTime: view.getBigUint64(PVCLOCK_SYSTEM_TIME, true),
    mul: view.getUint32(PVCLOCK_TSC_TO_SYSTEM_MUL, true),
    shift: view.getInt8(PVCLOCK_TSC_SHIFT),
    flags: view.getUint8(PVCLOCK_FLAGS),
    pad: view.getUint16(PVCLOCK_PAD, true),
  };
}

/** What else is known when a step is over. */
export interface Surroundings {
  /** What KVM_SET_CLOCK was told last, if it was. */
  readonly clockSet: bigint | undefined;
  /** `KVM_GET_CLOCK`, right afterwards. */
  readonly hostClock: bigint;
  readonly hostClockFlags: number;
  /** The vCPU's TSC, right afterwards. */
  readonly guestTsc: bigint;
}

/**
 * What is general in one step: whether the area was written, and if so everything in it but the
 * times, which are told by what they follow.
 *
 * @param before the area as the step found it
 */
export function clockFacts(before: Uint8Array, after: Uint8Array, around?: Surroundings): Facts {
  const flags: Facts = around === undefined ? {} : { hostClockFlags: around.hostClockFlags };
  if (hexOfBytes(before) === hexOfBytes(after)) return { ...flags, written: false };
  const [old, young] = [clockAt(before), clockAt(after)];
  const { pad0, mul, shift, pad } = young;
  return {
    ...flags,
    written: true,
    version: publishedVersion(old.version, young.version),
    pad0: hex(pad0),
    mul: hex(mul),
    shift,
    flags: young.flags,
    pad: hex(pad),
    ...(around === undefined ? {} : timeFacts(old, young, around)),
  };
}

/** Updates that one step may bring, at most: how many there are is KVM's own affair. */
const MOST_UPDATES = 8;

/** How a version follows another: as after some whole updates, or not. */
export function publishedVersion(before: number, after: number): string {
  const first = (((before + 1) | 1) + 1) >>> 0;
  const further = (after - first) >>> 0;
  return further % 2 === 0 && further < 2 * MOST_UPDATES ? 'even, and advanced' : hex(after);
}

function timeFacts(old: Clock, young: Clock, around: Surroundings): Facts {
  return {
    systemTime: systemTimeFact(old, young, around.clockSet),
    tscNotAhead: young.tscTimestamp <= around.guestTsc,
    hostClockNotBehind: young.systemTime <= around.hostClock,
  };
}

/** Longer than any step takes, and much shorter than what KVM_SET_CLOCK jumps. */
const STEP_NS = 60_000_000_000n;

/** Which instant a publication shows. */
function systemTimeFact(old: Clock, young: Clock, clockSet: bigint | undefined): string {
  if (young.systemTime === clockSet) return 'what KVM_SET_CLOCK was told';
  if (young.systemTime === old.systemTime && young.tscTimestamp === old.tscTimestamp) {
    return 'the instant of the publication before';
  }
  const since = young.systemTime - (clockSet ?? 0n);
  if (since < 0n || since > STEP_NS) return hex(young.systemTime);
  return clockSet === undefined ? 'since the VM was created' : 'since KVM_SET_CLOCK';
}
