import { KVM_POLL_CONTROL_ENABLED, MSR_KVM_POLL_CONTROL } from '../abi/msr.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { readClock } from './pvclock.ts';
import type { IdleAddresses } from './roles.ts';

/** The governor's parameters, ns and factors. Source: drivers/cpuidle/governors/haltpoll.c. */
export const GUEST_HALT_POLL_NS = 200_000;
const GUEST_HALT_POLL_GROW_START = 50_000;
const GUEST_HALT_POLL_GROW = 2;
const GUEST_HALT_POLL_SHRINK = 2;

/** From now on this guest polls, so that the host need not. Source: `arch_haltpoll_enable`. */
export function enableGuestPolling(cpu: Vcpu): void {
  cpu.wrmsr(MSR_KVM_POLL_CONTROL, 0n);
}

/** Leaves polling to the host again. Source: `arch_haltpoll_disable`. */
export function disableGuestPolling(cpu: Vcpu): void {
  cpu.wrmsr(MSR_KVM_POLL_CONTROL, KVM_POLL_CONTROL_ENABLED);
}

/**
 * How long to poll next time, after a halt of so many ns: longer if that would have caught the event,
 * less long if no polling would have. Source: `adjust_poll_limit`.
 */
export function adjustPollLimit(limit: number, blocked: bigint): number {
  const most = BigInt(GUEST_HALT_POLL_NS);
  if (blocked > BigInt(limit) && blocked <= most) {
    const grown = Math.max(limit * GUEST_HALT_POLL_GROW, GUEST_HALT_POLL_GROW_START);
    return Math.min(grown, GUEST_HALT_POLL_NS);
  }
  return blocked > most ? Math.floor(limit / GUEST_HALT_POLL_SHRINK) : limit;
}

/**
 * Waits until there is something to do, and returns what: polls first, and halts once the poll window
 * is over. Source: `haltpoll_select`, `poll_idle`, `default_idle`.
 */
export function idle(cpu: Vcpu, at: IdleAddresses): number {
  for (;;) {
    const limit = cpu.load32(at.limit);
    const polled = limit === 0 ? 0 : poll(cpu, at, BigInt(limit));
    if (polled !== 0) return polled;
    cpu.cli();
    const event = cpu.load32(at.wake);
    if (event !== 0) {
      cpu.sti();
      return event;
    }
    // Interrupts come on with the HLT: the waker's, if it came after the look, ends it at once.
    const since = readClock(cpu, at.clock);
    cpu.safeHalt();
    const blocked = BigInt.asUintN(64, readClock(cpu, at.clock) - since);
    cpu.store32(at.limit, adjustPollLimit(limit, blocked));
  }
}

/** Looks for an event for so many ns, during which a waker sends no interrupt. 0 if there was none. */
function poll(cpu: Vcpu, at: IdleAddresses, nanoseconds: bigint): number {
  cpu.store32(at.polling, 1);
  const since = readClock(cpu, at.clock);
  let event = cpu.load32(at.wake);
  while (event === 0 && BigInt.asUintN(64, readClock(cpu, at.clock) - since) < nanoseconds) {
    cpu.relax();
    event = cpu.load32(at.wake);
  }
  cpu.store32(at.polling, 0);
  // Store buffering: the end of polling before the last look, which the caller takes. Pairs with the
  // waker's barrier between the event and its look whether this vCPU polls.
  cpu.mb();
  return event;
}
