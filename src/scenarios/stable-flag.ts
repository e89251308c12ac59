import { PVCLOCK_FLAGS, PVCLOCK_TSC_STABLE_BIT } from '../abi/pvclock-vcpu-time-info.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU, VM } from '../host/records.ts';
import type { HostThread } from './scenario.ts';

/**
 * Checks P7 at every entry: in guest mode nobody can switch the master clock on or off, so the flag in
 * the vCPU's own area and the host's decision must agree.
 */
export function checkStableFlag(ops: HostOps, thread: HostThread): HostOps {
  return {
    ...ops,
    enterGuestMode(kvm, vcpu) {
      const entered = ops.enterGuestMode(kvm, vcpu);
      if (!entered || kvm.memory.load32(vcpu + VCPU.pvclockActive) === 0) return entered;
      const gpa = Number(kvm.memory.load64(vcpu + VCPU.pvclockGpa));
      const flags = kvm.memory.load8(kvm.cpu.translate(gpa, 32) + PVCLOCK_FLAGS);
      const stable = (flags & PVCLOCK_TSC_STABLE_BIT) !== 0;
      const used = kvm.memory.load32(kvm.vm + VM.useMasterClock) !== 0;
      if (stable !== used) {
        thread.violated(
          'P7',
          `An entry found TSC_STABLE ${stable ? 'set' : 'clear'} while the master clock was ${used ? '' : 'not '}in use.`,
        );
      }
      return entered;
    },
  };
}
