import { PVCLOCK_FLAGS, PVCLOCK_GUEST_STOPPED } from '../abi/pvclock-vcpu-time-info.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';

/**
 * Whether the host stopped this vCPU since the last call; the watchdog forgives it then.
 * Source: `kvm_check_and_clear_guest_paused`.
 */
export function checkGuestStopped(cpu: Vcpu, at: { readonly area: Gpa }): boolean {
  const flags = at.area + PVCLOCK_FLAGS;
  if ((cpu.load8(flags) & PVCLOCK_GUEST_STOPPED) === 0) return false;
  // One instruction: the host writes this byte at this vCPU's exits, and none may come in between.
  cpu.and8(flags, ~PVCLOCK_GUEST_STOPPED);
  return true;
}
