import {
  KVM_ASYNC_PF_ADDRESS_MASK,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT,
  KVM_ASYNC_PF_ENABLED,
  KVM_ASYNC_PF_INT_RESERVED_MASK,
  KVM_ASYNC_PF_RESERVED_MASK,
  KVM_FEATURE_ASYNC_PF_INT,
  KVM_FEATURE_ASYNC_PF_VMEXIT,
  KVM_VCPU_PV_APF_DATA_BOUND_BYTES,
} from '../abi/index.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_FAULT, MSR_OK, type MsrResult } from './msr-result.ts';
import { VCPU } from './records.ts';

// The registers of asynchronous page faults, bit for bit. The host has no page that it would have to
// wait for, so no fault is ever reported by them.

export function writeAsyncPfEnable(
  kvm: Kvm,
  vcpu: VcpuRecord,
  value: bigint,
  _hostInitiated: boolean,
): MsrResult {
  const { memory, ops } = kvm;
  const enabled = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT;
  if ((value & KVM_ASYNC_PF_RESERVED_MASK) !== 0n) return MSR_FAULT;
  if (
    (value & KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT) !== 0n &&
    !ops.guestPvHas(kvm, vcpu, KVM_FEATURE_ASYNC_PF_VMEXIT)
  )
    return MSR_FAULT;
  if (
    (value & KVM_ASYNC_PF_DELIVERY_AS_INT) !== 0n &&
    !ops.guestPvHas(kvm, vcpu, KVM_FEATURE_ASYNC_PF_INT)
  )
    return MSR_FAULT;
  if (!ops.lapicInKernel(kvm)) return value === 0n ? MSR_OK : MSR_FAULT;
  memory.store64(vcpu + VCPU.apfMsrEn, value);
  if ((value & enabled) !== enabled) return MSR_OK;
  const gpa = Number(value & KVM_ASYNC_PF_ADDRESS_MASK);
  return kvm.cpu.translate(gpa, KVM_VCPU_PV_APF_DATA_BOUND_BYTES) === UNBACKED ? MSR_FAULT : MSR_OK;
}

export function writeAsyncPfInt(
  kvm: Kvm,
  vcpu: VcpuRecord,
  value: bigint,
  _hostInitiated: boolean,
): MsrResult {
  if ((value & KVM_ASYNC_PF_INT_RESERVED_MASK) !== 0n || !kvm.ops.lapicInKernel(kvm))
    return MSR_FAULT;
  kvm.memory.store64(vcpu + VCPU.apfMsrInt, value);
  return MSR_OK;
}

export function writeAsyncPfAck(
  _kvm: Kvm,
  _vcpu: VcpuRecord,
  _value: bigint,
  _hostInitiated: boolean,
): MsrResult {
  return MSR_OK;
}
