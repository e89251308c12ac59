import { PVCLOCK_WALL_CLOCK_NSEC, PVCLOCK_WALL_CLOCK_SEC, PVCLOCK_WALL_CLOCK_VERSION } from '../abi/index.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm } from './kvm.ts';
import { VM } from './records.ts';

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
  const area = kvm.cpu.translate(gpa, 4);
  if (area === UNBACKED) return;
  let version = memory.load32(area + PVCLOCK_WALL_CLOCK_VERSION);
  // Odd already: junk from before the guest registered anything.
  if ((version & 1) !== 0) version = (version + 1) >>> 0;
  version = (version + 1) >>> 0;
  memory.store32(area + PVCLOCK_WALL_CLOCK_VERSION, version);
  const epoch = ops.wallClockEpochNs(kvm);
  // Implied by TSO in KVM. Odd before the data: pairs with the reader's first version load.
  memory.wmb();
  ops.copyWallClock(kvm, gpa, version, epoch);
  // Implied by TSO in KVM. Even after the data: pairs with the reader's second version load.
  memory.wmb();
  memory.store32(area + PVCLOCK_WALL_CLOCK_VERSION, (version + 1) >>> 0);
}

/** CLOCK_REALTIME minus guest time, in ns; from one TSC reading where the master clock allows. */
export function wallClockEpochNs(kvm: Kvm): bigint {
  const { memory, ops, vm } = kvm;
  if (memory.load32(vm + VM.useMasterClock) !== 0) {
    const { clock, realtime } = ops.getClock(kvm);
    return BigInt.asUintN(64, realtime - clock);
  }
  const realtime = ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
  return BigInt.asUintN(64, realtime - ops.getClock(kvm).clock);
}

/** Writes version, sec and nsec, the version still odd. */
export function copyWallClock(kvm: Kvm, gpa: number, version: number, epochNs: bigint): void {
  const { memory } = kvm;
  const area = kvm.cpu.translate(gpa, 12);
  if (area === UNBACKED) return;
  memory.store32(area + PVCLOCK_WALL_CLOCK_VERSION, version);
  memory.store32(
    area + PVCLOCK_WALL_CLOCK_SEC,
    Number(BigInt.asUintN(32, epochNs / NANOSECONDS_PER_SECOND)),
  );
  memory.store32(area + PVCLOCK_WALL_CLOCK_NSEC, Number(epochNs % NANOSECONDS_PER_SECOND));
}
