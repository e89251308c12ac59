import type { HostOps } from '../host/host-ops.ts';
import { VM } from '../host/records.ts';
import type { HostThread } from './scenario.ts';

/**
 * Checks P5 where KVM_SET_CLOCK sets the clock: what the master clock's pair says then is the value that
 * was asked for, plus what passed, in unsigned numbers, as a guest takes them.
 */
export function checkClockSet(ops: HostOps, { violated }: HostThread): HostOps {
  return {
    ...ops,
    setClock(kvm, data) {
      const { memory, vm } = kvm;
      const before = kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc());
      const accepted = ops.setClock(kvm, data);
      if (!accepted || memory.load32(vm + VM.useMasterClock) === 0) return accepted;
      const during = kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc()) - before;
      const offset = memory.load64(vm + VM.kvmclockOffset);
      const pair = BigInt.asUintN(64, memory.load64(vm + VM.masterKernelNs) + offset);
      // Only a clock that is about to be 0 can be below it.
      if (data.clock <= during && pair > BigInt.asUintN(63, -1n)) {
        violated(
          'P5',
          `The clock was set to ${data.clock} ns, and its guests are told ${pair} ns: ${BigInt.asIntN(64, pair)}, taken for unsigned.`,
        );
      }
      return accepted;
    },
  };
}
