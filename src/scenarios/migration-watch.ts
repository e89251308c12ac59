import { KVM_MIGRATION_READY } from '../abi/msr.ts';
import { PVCLOCK_FLAGS, PVCLOCK_TSC_STABLE_BIT } from '../abi/pvclock-vcpu-time-info.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm } from '../host/kvm.ts';
import { VCPU, VM } from '../host/records.ts';
import { sharedRanges } from '../host/shared-ranges.ts';
import { checkSharedRanges } from './conversions.ts';
import { checkSavedIsr } from './pv-eoi-watch.ts';
import type { HostThread } from './scenario.ts';

/** Ledger: not 0 while the guest withholds its leave; how often the VM has been moved; its conversions. */
export const WITHHELD = 0;
/** Guest time, CLOCK_REALTIME and the raw clock when the VM was stopped; the raw clock when it was saved and created. */
const STOPPED_GUEST = 8;
const STOPPED_REALTIME = 16;
const STOPPED_RAW = 24;
const SAVED_RAW = 32;
const CREATED_RAW = 40;
/** Not 0 once a migration has taken guest time back. */
const WENT_BACK = 48;
export const MOVES = 64;
export const WATCHED_CONVERSIONS = 128;

/**
 * Ticks that each of a migration's phases takes, in which the guest does not run: more than one tick of
 * any guest's TSC, which is what scaling may round it ahead of the host's clock.
 */
const TICKS_PER_PHASE = 20_000n;

/** Nanoseconds that the roundings of the scale add up to, at most, besides 1 in each second. */
const ROUNDING = 16n;

/** Guest time and CLOCK_REALTIME of one instant. */
interface Instant {
  readonly guest: bigint;
  readonly realtime: bigint;
  readonly raw: bigint;
}

/**
 * Checks of a migration what its VMM's own thread can see: that the guest allows it (G1), that guest time
 * does not run ahead of what has passed (P5), that the LAPICs are complete (E6), that the list of shared ranges arrives (G2). All of it
 * while no vCPU runs.
 *
 * @param at place in the ledger of the words above
 */
export function watchMigration(ops: HostOps, thread: HostThread, at: number): HostOps {
  const { ledger, violated } = thread;
  return {
    ...ops,
    saveVm(kvm) {
      // By what the VMM has, and by what the guest believes it has told.
      const ready = (kvm.memory.load64(kvm.vm + VM.migrationControl) & KVM_MIGRATION_READY) !== 0n;
      if (!ready || ledger.load32(at + WITHHELD) !== 0) {
        violated('G1', 'The VM is being saved, and its guest has withdrawn its leave.');
      }
      if (ledger.load32(at + WENT_BACK) !== 0) {
        // No vCPU has read the clock since. What this migration makes of it comes after that.
        violated(
          'P3',
          'The VM is moved on from where the migration before had taken its clock back.',
        );
      }
      for (let id = 0; id < kvm.vcpuCount; id++) checkSavedIsr(thread, id);
      const stopped = instant(kvm);
      ledger.store64(at + STOPPED_GUEST, stopped.guest);
      ledger.store64(at + STOPPED_REALTIME, stopped.realtime);
      ledger.store64(at + STOPPED_RAW, stopped.raw);
      passPhase(kvm);
      const saved = ops.saveVm(kvm);
      ledger.store64(at + SAVED_RAW, rawNow(kvm));
      return saved;
    },
    createOnHost(kvm, destination) {
      ops.createOnHost(kvm, destination);
      ledger.store64(at + CREATED_RAW, rawNow(kvm));
    },
    updateGtodCopy(kvm) {
      // The world is stopped: that takes its time.
      passPhase(kvm);
      ops.updateGtodCopy(kvm);
    },
    tellGuestStopped(kvm) {
      passPhase(kvm);
      ops.tellGuestStopped(kvm);
      checkNotAhead(instant(kvm));
      checkSharedRanges(thread, at + WATCHED_CONVERSIONS, () => sharedRanges(kvm));
      ledger.add32(at + MOVES, 1);
    },
  };

  function checkNotAhead(after: Instant): void {
    const guestBefore = ledger.load64(at + STOPPED_GUEST);
    const realtime = after.realtime - ledger.load64(at + STOPPED_REALTIME);
    const before = ledger.load64(at + SAVED_RAW) - ledger.load64(at + STOPPED_RAW);
    const onHosts = before + (after.raw - ledger.load64(at + CREATED_RAW));
    const most = (realtime > 0n ? realtime : 0n) + onHosts + ROUNDING;
    const ahead = BigInt.asUintN(64, after.guest - guestBefore);
    if (ahead <= most) return;
    // Half of the range and more is a clock that went back, which is for the guest to notice.
    if (ahead >= 1n << 63n) {
      ledger.store32(at + WENT_BACK, 1);
      return;
    }
    violated(
      'P5',
      `The migration took guest time from ${guestBefore} to ${after.guest} ns, and at most ${most} ns have passed.`,
    );
  }
}

/**
 * Checks P7 across migrations: where the TSCs are synchronised and the guest uses the new MSR, the master
 * clock is in use, so every entry finds TSC_STABLE set.
 */
export function checkStaysStable(ops: HostOps, thread: HostThread): HostOps {
  const { clocksourceIsTsc, vcpusMatchedTsc } = thread.machine;
  if (!clocksourceIsTsc || !vcpusMatchedTsc) return ops;
  return {
    ...ops,
    enterGuestMode(kvm, vcpu) {
      const entered = ops.enterGuestMode(kvm, vcpu);
      if (!entered || kvm.memory.load32(vcpu + VCPU.pvclockActive) === 0) return entered;
      const area = kvm.cpu.translate(Number(kvm.memory.load64(vcpu + VCPU.pvclockGpa)), 32);
      if ((kvm.memory.load8(area + PVCLOCK_FLAGS) & PVCLOCK_TSC_STABLE_BIT) === 0) {
        thread.violated(
          'P7',
          'An entry found TSC_STABLE clear: the master clock is off, and nothing that the guest or the TSCs do is the reason.',
        );
      }
      return entered;
    },
  };
}

function passPhase(kvm: Kvm): void {
  kvm.memory.lockAdd64(kvm.vm + VM.tick, TICKS_PER_PHASE);
}

function rawNow(kvm: Kvm): bigint {
  return kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc());
}

function instant(kvm: Kvm): Instant {
  const tsc = kvm.cpu.hostTsc();
  const raw = kvm.ops.bootRawNsAt(kvm, tsc);
  const guest = BigInt.asUintN(64, raw + kvm.memory.load64(kvm.vm + VM.kvmclockOffset));
  return { raw, guest, realtime: kvm.ops.realtimeNsAt(kvm, tsc) };
}
