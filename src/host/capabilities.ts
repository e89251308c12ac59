import { KVM_CLOCK_VALID_FLAGS, KVM_EXIT_HYPERCALL_VALID_MASK } from '../abi/index.ts';
import { KVM_X86_DISABLE_EXITS_HLT } from './cpuid.ts';
import type { Kvm } from './kvm.ts';
import { VM } from './records.ts';

/** Extensions of KVM that this interface rests on. Source: include/uapi/linux/kvm.h. */
export const KVM_CAP_IRQCHIP = 0;
export const KVM_CAP_CLOCKSOURCE = 8;
export const KVM_CAP_ADJUST_CLOCK = 39;
export const KVM_CAP_ASYNC_PF = 59;
export const KVM_CAP_TSC_CONTROL = 60;
export const KVM_CAP_GET_TSC_KHZ = 61;
export const KVM_CAP_KVMCLOCK_CTRL = 76;
export const KVM_CAP_SIGNAL_MSI = 77;
export const KVM_CAP_SPLIT_IRQCHIP = 121;
export const KVM_CAP_IMMEDIATE_EXIT = 136;
export const KVM_CAP_X86_DISABLE_EXITS = 143;
export const KVM_CAP_HALT_POLL = 182;
export const KVM_CAP_ASYNC_PF_INT = 183;
export const KVM_CAP_STEAL_TIME = 187;
export const KVM_CAP_X86_USER_SPACE_MSR = 188;
export const KVM_CAP_X86_MSR_FILTER = 189;
export const KVM_CAP_ENFORCE_PV_FEATURE_CPUID = 190;
export const KVM_CAP_EXIT_HYPERCALL = 201;
export const KVM_CAP_VM_TSC_CONTROL = 214;

/** Bits of KVM_CAP_X86_DISABLE_EXITS that KVM offers where the CPU's MWAIT is of no use to guests. */
const KVM_X86_DISABLE_EXITS_PAUSE = 1 << 2;
const KVM_X86_DISABLE_EXITS_CSTATE = 1 << 3;
export const DISABLE_EXITS =
  KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE | KVM_X86_DISABLE_EXITS_CSTATE;

/** What is the same on every host. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [KVM_CAP_IRQCHIP, 1],
  [KVM_CAP_CLOCKSOURCE, 1],
  [KVM_CAP_ADJUST_CLOCK, KVM_CLOCK_VALID_FLAGS],
  [KVM_CAP_ASYNC_PF, 1],
  [KVM_CAP_GET_TSC_KHZ, 1],
  [KVM_CAP_KVMCLOCK_CTRL, 1],
  [KVM_CAP_SIGNAL_MSI, 1],
  [KVM_CAP_SPLIT_IRQCHIP, 1],
  [KVM_CAP_IMMEDIATE_EXIT, 1],
  [KVM_CAP_X86_DISABLE_EXITS, DISABLE_EXITS],
  [KVM_CAP_HALT_POLL, 1],
  [KVM_CAP_ASYNC_PF_INT, 1],
  [KVM_CAP_X86_USER_SPACE_MSR, 1],
  [KVM_CAP_X86_MSR_FILTER, 1],
  [KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1],
  [KVM_CAP_EXIT_HYPERCALL, Number(KVM_EXIT_HYPERCALL_VALID_MASK)],
]);

/**
 * KVM_CHECK_EXTENSION; undefined for what this model does not speak of. Source:
 * `kvm_vm_ioctl_check_extension`.
 */
export function checkExtension(kvm: Kvm, capability: number): number | undefined {
  const { memory, vm } = kvm;
  switch (capability) {
    case KVM_CAP_STEAL_TIME:
      return memory.load32(vm + VM.noSchedInfo) === 0 ? 1 : 0;
    case KVM_CAP_TSC_CONTROL:
    case KVM_CAP_VM_TSC_CONTROL:
      return memory.load32(vm + VM.tscScaling);
    default:
      return ANSWERS.get(capability);
  }
}
