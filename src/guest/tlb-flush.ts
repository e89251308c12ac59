import {
  KVM_STEAL_TIME_PREEMPTED,
  KVM_VCPU_FLUSH_TLB,
  KVM_VCPU_PREEMPTED,
} from '../abi/kvm-steal-time.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { FlushTargets } from './roles.ts';

/**
 * Leaves the flush of preempted vCPUs to the host, which does it before they run again. Returns the
 * vCPUs that the caller still has to interrupt. Source: `kvm_flush_tlb_multi`.
 */
export function flushTlb(cpu: Vcpu, at: FlushTargets): number {
  // The page-table stores of the caller before the looks at `preempted`: pairs with the exchange at the
  // target's entry, after which the target walks the page table.
  cpu.mb();
  let toInterrupt = at.targets;
  for (let id = 0; id < at.areas.length; id++) {
    const target = 1 << id;
    if ((at.targets & target) === 0) continue;
    const preempted = at.areas[id]! + KVM_STEAL_TIME_PREEMPTED;
    const seen = cpu.load8(preempted);
    if ((seen & KVM_VCPU_PREEMPTED) === 0) continue;
    // Pairs with the host's exchange: either it comes later and sees the flag, or this fails.
    if (cpu.lockCmpxchg8(preempted, seen, seen | KVM_VCPU_FLUSH_TLB) === seen)
      toInterrupt &= ~target;
  }
  return toInterrupt >>> 0;
}
