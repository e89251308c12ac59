import {
  KVM_ASYNC_PF_ACKNOWLEDGE,
  KVM_ASYNC_PF_ADDRESS_MASK,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT,
  KVM_ASYNC_PF_INT_RESERVED_MASK,
  KVM_ASYNC_PF_RESERVED_MASK,
  KVM_ASYNC_PF_SEND_ALWAYS,
  KVM_FEATURE_ASYNC_PF_INT,
  KVM_FEATURE_ASYNC_PF_VMEXIT,
  KVM_VCPU_PV_APF_DATA_BOUND_BYTES,
} from '../abi/index.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { ASYNC_PF } from './async-page-fault-records.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_FAULT, MSR_OK, type MsrResult } from './msr-result.ts';
import { VCPU } from './records.ts';

const recordOf = (kvm: Kvm, vcpu: VcpuRecord): HostAddress =>
  kvm.memory.load32(vcpu + VCPU.asyncPf);

/**
 * WRMSR of 0x4b564d02, by the guest or the host. Enabling an area that is not backed faults, and the
 * value is stored all the same. Source: `kvm_pv_enable_async_pf`.
 */
export function writeAsyncPfEnable(
  kvm: Kvm,
  vcpu: VcpuRecord,
  value: bigint,
  _hostInitiated: boolean,
): MsrResult {
  const { memory, ops } = kvm;
  const asks = (bit: bigint): boolean => (value & bit) !== 0n;
  const has = (feature: number): boolean => ops.guestPvHas(kvm, vcpu, feature);
  if (asks(KVM_ASYNC_PF_RESERVED_MASK)) return MSR_FAULT;
  if (asks(KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT) && !has(KVM_FEATURE_ASYNC_PF_VMEXIT))
    return MSR_FAULT;
  if (asks(KVM_ASYNC_PF_DELIVERY_AS_INT) && !has(KVM_FEATURE_ASYNC_PF_INT)) return MSR_FAULT;
  if (!ops.lapicInKernel(kvm)) return value === 0n ? MSR_OK : MSR_FAULT;
  memory.store64(vcpu + VCPU.apfMsrEn, value);
  if (!ops.asyncPfEnabled(kvm, vcpu)) {
    ops.clearAsyncPfQueue(kvm, vcpu);
    ops.resetAsyncPfGfns(kvm, vcpu);
    return MSR_OK;
  }
  const gpa = Number(value & KVM_ASYNC_PF_ADDRESS_MASK);
  const backed = kvm.cpu.translate(gpa, KVM_VCPU_PV_APF_DATA_BOUND_BYTES) !== UNBACKED;
  const record = recordOf(kvm, vcpu);
  memory.store32(record + ASYNC_PF.bound, backed ? 1 : 0);
  if (!backed) return MSR_FAULT;
  memory.store32(record + ASYNC_PF.sendAlways, asks(KVM_ASYNC_PF_SEND_ALWAYS) ? 1 : 0);
  const asExit = asks(KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT);
  memory.store32(record + ASYNC_PF.deliveryAsPfVmexit, asExit ? 1 : 0);
  // Whoever sleeps since before (a migration, say) has a token that nobody knows any more.
  ops.wakeAllAsyncPf(kvm, vcpu);
  return MSR_OK;
}

/** WRMSR of 0x4b564d06. Source: `kvm_pv_enable_async_pf_int`. */
export function writeAsyncPfInt(
  kvm: Kvm,
  vcpu: VcpuRecord,
  value: bigint,
  _hostInitiated: boolean,
): MsrResult {
  if ((value & KVM_ASYNC_PF_INT_RESERVED_MASK) !== 0n) return MSR_FAULT;
  if (!kvm.ops.lapicInKernel(kvm)) return MSR_FAULT;
  kvm.memory.store64(vcpu + VCPU.apfMsrInt, value);
  kvm.memory.store32(recordOf(kvm, vcpu) + ASYNC_PF.vector, Number(value));
  return MSR_OK;
}

/** WRMSR of 0x4b564d07: the guest has taken the token. Every value is accepted. Source: `kvm_set_msr_common`. */
export function writeAsyncPfAck(
  kvm: Kvm,
  vcpu: VcpuRecord,
  value: bigint,
  _hostInitiated: boolean,
): MsrResult {
  if ((value & KVM_ASYNC_PF_ACKNOWLEDGE) === 0n) return MSR_OK;
  kvm.memory.store32(recordOf(kvm, vcpu) + ASYNC_PF.pageReadyPending, 0);
  // Store buffering: cleared before the look at the list. Pairs with the barrier in
  // asyncPageReadyQueued, between the request and the look at pageReadyPending.
  kvm.memory.mb();
  kvm.ops.checkAsyncPfCompletion(kvm, vcpu);
  return MSR_OK;
}
