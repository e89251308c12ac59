import {
  KVM_CLOCK_REALTIME,
  PVCLOCK_WALL_CLOCK_NSEC,
  PVCLOCK_WALL_CLOCK_SEC,
  PVCLOCK_WALL_CLOCK_VERSION,
} from '../abi/index.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { readGuest32, writeGuest32 } from './guest-memory.ts';
import type { Kvm } from './kvm.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/**
 * WRMSR of 0x11 or 0x4b564d00: writes the wall clock of the moment at which guest time was 0.
 * The address is the value as it is, bit 0 included. Source: `kvm_write_wall_clock`.
 *
 * Nothing keeps two vCPUs from doing this at once for one address, in KVM as here.
 */
export function writeWallClock(kvm: Kvm, value: bigint): void {
  if (value === 0n) return;
  const { memory, ops } = kvm;
  const gpa = Number(value);
  const before = readGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_VERSION);
  if (before === undefined) return;
  // Junk that is odd already, from before the guest registered anything, is rounded up first.
  const version = ((before + (before & 1)) | 1) >>> 0;
  writeGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_VERSION, version);
  const epoch = ops.wallClockEpochNs(kvm);
  // Implied by TSO in KVM. Odd before the data: pairs with the reader's barrier before its second
  // version load.
  memory.wmb();
  ops.copyWallClock(kvm, gpa, version, epoch);
  // Implied by TSO in KVM. Even after the data: pairs with the reader's barrier after its first
  // version load.
  memory.wmb();
  writeGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_VERSION, (version + 1) >>> 0);
}

/**
 * CLOCK_REALTIME minus guest time, in ns; from one TSC reading where the master clock allows, else
 * from two readings, one after the other. Source: `kvm_get_wall_clock_epoch`.
 */
export function wallClockEpochNs(kvm: Kvm): bigint {
  const { clock, flags, realtime } = kvm.ops.getClock(kvm);
  // What the reading itself says of the master clock: that may be switched off at any time.
  const paired = (flags & KVM_CLOCK_REALTIME) !== 0;
  const now = paired ? realtime : kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
  return BigInt.asUintN(64, now - clock);
}

/**
 * Writes all 12 bytes, lowest address first, the version still odd. Memory that ends in the middle
 * ends the write there.
 */
export function copyWallClock(kvm: Kvm, gpa: Gpa, version: number, epochNs: bigint): void {
  const seconds = Number(BigInt.asUintN(32, epochNs / NANOSECONDS_PER_SECOND));
  const nanoseconds = Number(epochNs % NANOSECONDS_PER_SECOND);
  if (!writeGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_VERSION, version)) return;
  if (!writeGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_SEC, seconds)) return;
  writeGuest32(kvm, gpa + PVCLOCK_WALL_CLOCK_NSEC, nanoseconds);
}
