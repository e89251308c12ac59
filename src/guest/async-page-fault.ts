import { KVM_FEATURE_ASYNC_PF_VMEXIT } from '../abi/cpuid.ts';
import {
  KVM_PV_REASON_PAGE_NOT_PRESENT,
  KVM_VCPU_PV_APF_DATA_FLAGS,
  KVM_VCPU_PV_APF_DATA_TOKEN,
} from '../abi/kvm-vcpu-pv-apf-data.ts';
import {
  KVM_ASYNC_PF_ACKNOWLEDGE,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT,
  KVM_ASYNC_PF_ENABLED,
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
} from '../abi/msr.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { wakeSleepers } from './async-page-fault-sleepers.ts';
import type { PageFaultAddresses, PageFaultSetUp, PageReadyAddresses } from './roles.ts';

/** Source: `kvm_guest_cpu_init`. */
export function enableAsyncPageFaults(cpu: Vcpu, at: PageFaultSetUp): void {
  // The vector first: enabling may deliver at once, and would do so by whatever vector is set.
  cpu.wrmsr(MSR_KVM_ASYNC_PF_INT, BigInt(at.vector));
  const nested = (at.features & (1 << KVM_FEATURE_ASYNC_PF_VMEXIT)) !== 0;
  const bits =
    KVM_ASYNC_PF_ENABLED |
    KVM_ASYNC_PF_DELIVERY_AS_INT |
    (nested ? KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT : 0n);
  cpu.wrmsr(MSR_KVM_ASYNC_PF_EN, BigInt(at.area) | bits);
}

/**
 * Whether this #PF is the host's: the token in CR2, or 0. With interrupts off, and before anything that
 * may fault itself. Source: `kvm_read_and_reset_apf_flags`, `__kvm_handle_async_pf`.
 */
export function pageNotPresent(cpu: Vcpu, { area, cr2 }: PageFaultAddresses): number {
  const flags = cpu.load32(area + KVM_VCPU_PV_APF_DATA_FLAGS);
  // Two plain accesses will do: the host writes the flags only just before it injects a #PF here.
  cpu.store32(area + KVM_VCPU_PV_APF_DATA_FLAGS, 0);
  return (flags & KVM_PV_REASON_PAGE_NOT_PRESENT) === 0 ? 0 : cr2;
}

/** Source: `sysvec_kvm_asyncpf_interrupt`, after its EOI. */
export function pageReady(cpu: Vcpu, at: PageReadyAddresses): void {
  const token = cpu.load32(at.area + KVM_VCPU_PV_APF_DATA_TOKEN);
  wakeSleepers(cpu, at, token);
  // The word free before the credit: the host looks at the word when it is acknowledged, and only then.
  cpu.store32(at.area + KVM_VCPU_PV_APF_DATA_TOKEN, 0);
  cpu.wrmsr(MSR_KVM_ASYNC_PF_ACK, KVM_ASYNC_PF_ACKNOWLEDGE);
}
