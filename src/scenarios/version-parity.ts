import { PVCLOCK_VERSION } from '../abi/pvclock-vcpu-time-info.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { HostThread } from './scenario.ts';

/** Half of the version space: an advance by less than that is one forward, modulo 2^32. */
const HALF = 0x8000_0000;

/**
 * Checks P2 around and inside every update: the version is odd while the fields are written, even when
 * the update is over, and further on than before.
 */
export function checkVersions(ops: HostOps, thread: HostThread): HostOps {
  return {
    ...ops,
    publishClock(kvm, vcpu, parameters) {
      const area = clockAreaOf(kvm, vcpu);
      if (area === UNBACKED) return ops.publishClock(kvm, vcpu, parameters);
      const before = kvm.memory.load32(area + PVCLOCK_VERSION);
      ops.publishClock(kvm, vcpu, parameters);
      const after = kvm.memory.load32(area + PVCLOCK_VERSION);
      const advance = (after - before) >>> 0;
      if ((after & 1) !== 0 || advance === 0 || advance >= HALF) {
        thread.violated('P2', `An update took the version from ${before} to ${after}.`);
      }
    },
    copyClock(kvm, area, version, parameters) {
      ops.copyClock(kvm, area, version, parameters);
      const during = kvm.memory.load32(area + PVCLOCK_VERSION);
      if ((during & 1) === 0) {
        thread.violated('P2', `The version was ${during} while the fields were written.`);
      }
    },
  };
}

function clockAreaOf(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  return kvm.cpu.translate(Number(kvm.memory.load64(vcpu + VCPU.pvclockGpa)), 32);
}
