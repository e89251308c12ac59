/**
 * Where the guests of all scenarios keep what they share with the host: one page or more per
 * mechanism, one cache line per vCPU, room for 64 vCPUs.
 */
const LINE = 64;

/** pvclock area of a vCPU. */
export const clockArea = (vcpu: number): number => 0x1000 + vcpu * LINE;
/** `last_value`: the fallback's shared maximum. */
export const LAST_VALUE = 0x2000;
/** The wall clock area. */
export const WALL_CLOCK_AREA = 0x3000;
/** Steal time area of a vCPU. */
export const stealArea = (vcpu: number): number => 0x4000 + vcpu * LINE;
/** PV EOI word of a vCPU. */
export const pvEoiWord = (vcpu: number): number => 0x5000 + vcpu * LINE;
/** Area of asynchronous page faults of a vCPU. */
export const asyncPfArea = (vcpu: number): number => 0x6000 + vcpu * LINE;
/** Who sleeps on which token, for all vCPUs together: two buckets, so that tokens meet in one. */
export const SLEEPERS = { buckets: 0x7000, bucketCount: 2, dummies: 0x8000, dummyCount: 64 };
/** 32 bytes for each of the two tasks that a vCPU may have asleep. */
export const sleeperNode = (vcpu: number, task: number): number => 0x9000 + vcpu * LINE + task * 32;
/** Memory for whatever a scenario likes: litmus variables, page tables. */
export const SCRATCH = 0x10000;
