import type { HostOps } from '../host/host-ops.ts';
import type { HostThread } from './scenario.ts';

const NEXT_TICKET = 0;
const SERVED = 4;
/** Ledger bytes of {@link oneUpdateAtATime}. */
export const UPDATE_TURNS_BYTES = 64;

/**
 * Has vCPUs whose entries take a new master clock pair wait for one another. KVM has them overlap: the
 * first to end lets guests run on its pair while the second takes another, and a guest's clock goes back
 * by what rounding makes the two differ in, up to one tick of its TSC. The TSC writes of a restore ask
 * two vCPUs for an update wherever there are three or more.
 *
 * @param at place in the ledger of {@link UPDATE_TURNS_BYTES}
 */
export function oneUpdateAtATime(
  ops: HostOps,
  { ledger, machine }: HostThread,
  at: number,
): HostOps {
  if (machine.vcpus < 3) return ops;
  return {
    ...ops,
    updateMasterclock(kvm) {
      const ticket = ledger.add32(at + NEXT_TICKET, 1);
      // Not in guest mode, so that whoever's turn it is does not wait for this vCPU.
      while (ledger.load32(at + SERVED) !== ticket) kvm.cpu.relax();
      ops.updateMasterclock(kvm);
      ledger.add32(at + SERVED, 1);
    },
  };
}
