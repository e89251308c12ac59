import { lastValueClock } from './last-value-clock.ts';
import { portOverhead } from './port-overhead.ts';
import { pvEoiPingPong } from './pv-eoi-ping-pong.ts';
import { readFullRate, readPaced, readSolo } from './pvclock-read.ts';
import { storeBufferingSweep } from './store-buffering-sweep.ts';
import type { Workload } from './workload.ts';

/** All workloads, in the order in which they are shown. */
export const workloads: readonly Workload[] = [
  readSolo,
  readPaced,
  readFullRate,
  pvEoiPingPong,
  lastValueClock,
  ...storeBufferingSweep,
  portOverhead,
];
