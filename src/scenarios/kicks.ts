import { KVM_HC_KICK_CPU } from '../abi/hypercall.ts';
import type { GuestState } from '../cpu/hypervisor.ts';
import { NO_VECTOR } from '../cpu/hypervisor.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';
import type { Ledger } from './ledger.ts';
import type { HostThread } from './scenario.ts';

/** Ledger: for all vCPUs together, how many sleep and how often one has woken up. */
const SLEEPING = 0;
const WAKE_UPS = 4;
/** Per vCPU: kicks begun and done, those begun when it last left a halt, and what it was like then. */
const VCPUS = 64;
const STRIDE = 64;
const BEGUN = 0;
const DONE = 4;
const LEFT = 8;
const QUIET = 12;
const ASLEEP = 16;
/** Kicks that had been done before the look that last woke it up, or that found nothing: that look has had them all. */
const HAD = 20;
/** The same while it is still counted among the sleepers. */
const FOUND = 24;
/** Not 0 from when it leaves a halt until it runs again. */
const LEAVING = 28;

/** Ledger bytes for up to 64 vCPUs. */
export const KICK_BYTES = VCPUS + 64 * STRIDE;

/** QUIET where a kick was under way: whether the latch was empty afterwards is not known. */
const UNKNOWN = 0xffff_ffff;

const vcpuAt = (base: number, id: number): number => base + VCPUS + id * STRIDE;

/** How many kicks of vCPU `id` have been begun. */
export function kicksBegun(ledger: Ledger, base: number, id: number): number {
  return ledger.load32(vcpuAt(base, id) + BEGUN);
}

/** Notes that vCPU `id` has heard of every kick so far, without a halt that they ended. */
export function kicksAnswered(ledger: Ledger, base: number, id: number): void {
  ledger.store32(vcpuAt(base, id) + HAD, ledger.load32(vcpuAt(base, id) + DONE));
  ledger.store32(vcpuAt(base, id) + LEFT, kicksBegun(ledger, base, id));
}

/** A kick: noted as begun, then done by `act`, then noted as done. */
export function noteKick<Result>(
  ledger: Ledger,
  base: number,
  id: number,
  act: () => Result,
): Result {
  ledger.add32(vcpuAt(base, id) + BEGUN, 1);
  const result = act();
  ledger.add32(vcpuAt(base, id) + DONE, 1);
  return result;
}

/**
 * Checks K1 and K2 where halted vCPUs look for work.
 *
 * K1: whoever sleeps has left a halt since the last kick of it was begun, or a kick is under way; and
 * never do all sleep, because then nobody is left to kick. K2: whoever wakes up was kicked since it
 * last woke up, or is interrupted.
 */
export function watchKicks(ops: HostOps, thread: HostThread, base: number): HostOps {
  const { ledger, machine, violated } = thread;
  const at = (kvm: Kvm, vcpu: VcpuRecord): number =>
    vcpuAt(base, kvm.memory.load32(vcpu + VCPU.id));
  const interrupted = (kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): boolean =>
    guest.interruptFlag && kvm.ops.pendingInterrupt(kvm, vcpu) !== NO_VECTOR;

  /** A kick that is done, and that this vCPU has not left a halt since. */
  const unanswered = (id: number): boolean => {
    // In this order: equal counts mean that none was under way in between.
    const done = ledger.load32(vcpuAt(base, id) + DONE);
    const begun = ledger.load32(vcpuAt(base, id) + BEGUN);
    return done === begun && begun !== ledger.load32(vcpuAt(base, id) + LEFT);
  };
  const anyKickLeft = (): boolean => {
    for (let id = 0; id < machine.vcpus; id++) {
      // A kick that was under way when this vCPU last woke up may still be to come.
      if (ledger.load32(vcpuAt(base, id) + BEGUN) !== ledger.load32(vcpuAt(base, id) + HAD))
        return true;
    }
    return false;
  };

  function sleeps(kvm: Kvm, vcpu: VcpuRecord, kicked: boolean): void {
    const id = kvm.memory.load32(vcpu + VCPU.id);
    if (kicked) violated('K1', `vCPU ${id} sleeps, and was kicked after it had last left a halt.`);
    if (ledger.load32(at(kvm, vcpu) + ASLEEP) === 0) {
      ledger.store32(at(kvm, vcpu) + ASLEEP, 1);
      ledger.add32(SLEEPING + base, 1);
    }
    // Unchanged around the look at the kicks: that look was of one moment.
    const wakeUps = ledger.load32(WAKE_UPS + base);
    if (ledger.load32(SLEEPING + base) < machine.vcpus || anyKickLeft()) return;
    if (
      ledger.load32(WAKE_UPS + base) === wakeUps &&
      ledger.load32(SLEEPING + base) === machine.vcpus
    ) {
      violated('K1', 'All vCPUs sleep, and nobody is left to kick one.');
    }
  }

  function wakes(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): void {
    const line = at(kvm, vcpu);
    const done = ledger.load32(line + DONE);
    const begun = ledger.load32(line + BEGUN);
    if (!interrupted(kvm, vcpu, guest) && ledger.load32(line + QUIET) === begun) {
      violated(
        'K2',
        `vCPU ${kvm.memory.load32(vcpu + VCPU.id)} left a halt by a kick that had ended an earlier one.`,
      );
    }
    ledger.store32(line + QUIET, done === begun ? begun : UNKNOWN);
  }

  return {
    ...ops,
    hypercall(kvm, vcpu, nr, a0, a1, a2, a3) {
      const call = (): bigint => ops.hypercall(kvm, vcpu, nr, a0, a1, a2, a3);
      if (nr !== KVM_HC_KICK_CPU || a1 >= BigInt(machine.vcpus)) return call();
      return noteKick(ledger, base, Number(a1), call);
    },
    vcpuHasWork(kvm, vcpu, guest) {
      const kicked = unanswered(kvm.memory.load32(vcpu + VCPU.id));
      const line = at(kvm, vcpu);
      // In this order: equal counts mean that none was under way in between.
      const done = ledger.load32(line + DONE);
      const quiet = ledger.load32(line + BEGUN) === done;
      const work = ops.vcpuHasWork(kvm, vcpu, guest);
      if (work) {
        ledger.store32(line + FOUND, done);
        wakes(kvm, vcpu, guest);
        return true;
      }
      // None is to come: this look would have had it.
      if (quiet) ledger.store32(line + HAD, done);
      sleeps(kvm, vcpu, kicked);
      return false;
    },
    haltVcpu(kvm, vcpu, guest) {
      ops.haltVcpu(kvm, vcpu, guest);
      const line = at(kvm, vcpu);
      if (ledger.load32(line + ASLEEP) !== 0) {
        ledger.store32(line + ASLEEP, 0);
        // In this order: whoever reads the new number of wake-ups no longer counts this one as a sleeper.
        ledger.add32(SLEEPING + base, -1);
        ledger.add32(WAKE_UPS + base, 1);
      }
      // After it is no sleeper any more: until then these kicks are what it wakes up by.
      ledger.store32(line + HAD, ledger.load32(line + FOUND));
      // Every kick so far has its wake-up, this one.
      ledger.store32(line + LEFT, ledger.load32(line + BEGUN));
      ledger.store32(line + LEAVING, 1);
    },
    enterGuestMode(kvm, vcpu) {
      const entered = ops.enterGuestMode(kvm, vcpu);
      const line = at(kvm, vcpu);
      // The store that ends the halt, and takes a kick's mark away, is visible by now and perhaps not before:
      // a kick that came meanwhile is lost, and needs none, for the guest looks once more before it halts again.
      if (entered && ledger.load32(line + LEAVING) !== 0) {
        ledger.store32(line + LEFT, ledger.load32(line + BEGUN));
        ledger.store32(line + LEAVING, 0);
      }
      return entered;
    },
  };
}
