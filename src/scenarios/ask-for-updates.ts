import { KVM_REQ_CLOCK_UPDATE } from '../host/requests.ts';
import type { HostThread, Program } from './scenario.ts';

/** A thread of the host that has the clock of vCPU 0 published again and again, for whatever reason. */
export function askForUpdates({ kvm, idle }: HostThread): Program {
  return {
    step() {
      kvm.ops.makeRequest(kvm, kvm.vcpu(0), KVM_REQ_CLOCK_UPDATE);
      kvm.ops.kickVcpu(kvm, kvm.vcpu(0));
      idle();
    },
  };
}
