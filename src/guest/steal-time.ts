import {
  KVM_STEAL_TIME_PREEMPTED,
  KVM_STEAL_TIME_STEAL,
  KVM_STEAL_TIME_VERSION,
} from '../abi/kvm-steal-time.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';

/** Steal time of the vCPU whose area this is, in ns. Source: `kvm_steal_clock`. */
export function readSteal(cpu: Vcpu, at: { readonly area: Gpa }): bigint {
  const { area } = at;
  for (;;) {
    const version = cpu.load32(area + KVM_STEAL_TIME_VERSION);
    // Pairs with the host's barrier before the even version.
    cpu.rmb();
    const steal = cpu.load64(area + KVM_STEAL_TIME_STEAL);
    // Pairs with the host's barrier after the odd version.
    cpu.rmb();
    if ((version & 1) === 0 && cpu.load32(area + KVM_STEAL_TIME_VERSION) === version) return steal;
  }
}

/** Whether the vCPU whose area this is is preempted: x86-64's test of the whole byte. Source: `__kvm_vcpu_is_preempted`. */
export function vcpuIsPreempted(cpu: Vcpu, at: { readonly area: Gpa }): boolean {
  return cpu.load8(at.area + KVM_STEAL_TIME_PREEMPTED) !== 0;
}
