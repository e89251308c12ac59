import { MSR_KVM_SYSTEM_TIME_NEW } from '../abi/msr.ts';
import { PVCLOCK_TSC_STABLE_BIT } from '../abi/pvclock-vcpu-time-info.ts';
import type { ClockAddresses } from '../guest/roles.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import { KVM_REQ_CLOCK_UPDATE, KVM_REQ_MASTERCLOCK_UPDATE } from '../host/requests.ts';
import { clockArea, LAST_VALUE } from './guest-map.ts';
import { PUBLICATIONS_BYTES, Publications } from './publications.ts';
import type { HostThread, VcpuThread } from './scenario.ts';

/** The addresses a reader of the clock area of vCPU `id` gets. */
export function clockAddresses(id: number, validFlags = PVCLOCK_TSC_STABLE_BIT): ClockAddresses {
  return { area: clockArea(id), lastValue: LAST_VALUE, validFlags };
}

/** Prefills a vCPU's clock area and registers it, as the guest does at bring-up. */
export function registerClock({ cpu, machine }: VcpuThread): void {
  const area = clockArea(cpu.id);
  cpu.store32(area, machine.initialVersion >>> 0);
  cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(area) | 1n);
}

/** Ledger place of the publications of vCPU `id`'s area, after `reserved` bytes of the scenario's own. */
export function publicationsOf(thread: HostThread, id: number, reserved: number): Publications {
  return new Publications(thread.ledger, reserved + id * PUBLICATIONS_BYTES);
}

/** Makes the host note every publication in the ledger of its area. */
export function notePublications(ops: HostOps, thread: HostThread, reserved: number): HostOps {
  return {
    ...ops,
    publishClock(kvm, vcpu, parameters) {
      const id = kvm.memory.load32(vcpu + VCPU.id);
      const publications = publicationsOf(thread, id, reserved);
      publications.begin(parameters);
      ops.publishClock(kvm, vcpu, parameters);
      publications.end();
    },
  };
}

/** Ledger bytes of {@link refreshPairs}: how many pairs have been published. */
export const REFRESH_BYTES = 64;

/** How far each line is above the one before, ns: more than passes during a read. */
const LINE_STEP = 1_000_003n;

/**
 * Makes every update publish a pair that is new and lies on a line of its own, above all before it:
 * a mixture of two publications can then be taken for no third. TSC_STABLE is set, so that the
 * fallback hides nothing.
 */
export function refreshPairs(ops: HostOps, { ledger }: HostThread, at: number): HostOps {
  return {
    ...ops,
    clockParameters(kvm, vcpu) {
      const parameters = ops.clockParameters(kvm, vcpu);
      const tsc = kvm.cpu.hostTsc();
      const line = BigInt(ledger.add32(at, 1)) * LINE_STEP;
      return {
        ...parameters,
        tscTimestamp: ops.guestTsc(kvm, vcpu, tsc),
        systemTime: BigInt.asUintN(64, ops.bootRawNsAt(kvm, tsc) + line),
        flags: PVCLOCK_TSC_STABLE_BIT,
      };
    },
  };
}

/** Makes this vCPU's next entry update its clock. */
export function requestClockUpdate({ kvm, vcpu }: VcpuThread): void {
  kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_CLOCK_UPDATE);
}

/**
 * Makes this vCPU's next entry take a new master clock pair for all, as it does after a write of its TSC.
 * For one vCPU only: of two such entries at once, the first lets guests run while the second takes its pair.
 */
export function requestMasterclockUpdate({ kvm, vcpu }: VcpuThread): void {
  kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_MASTERCLOCK_UPDATE);
}
