import {
  KVM_CPUID_SIGNATURE,
  KVM_SUPPORTED_FEATURES,
  PVCLOCK_VCPU_TIME_INFO_BYTES,
} from '../../../abi/index.ts';
import { cpuidEntries } from '../../../host/cpuid.ts';
import { MSR_IA32_TSC } from '../../../host/msr.ts';
import { clockAt, clockFacts, type Surroundings } from '../../pvclock-step.ts';
import type { RecordedVm } from '../../recorded-vm.ts';
import type { Facts } from '../../result.ts';

/** Where a vCPU's area is, and what it held when somebody looked last. */
export interface Area {
  readonly gpa: number;
  bytes: Uint8Array;
}

/** The guest's memory, as the recorder dumps it. */
export function areaOf(vm: RecordedVm, gpa: number): Uint8Array {
  return vm.bytes(gpa, PVCLOCK_VCPU_TIME_INFO_BYTES);
}

/** KVM_GET_CLOCK and the vCPU's TSC, as the recorder notes them after each step. */
export function surroundings(vm: RecordedVm, clockSet: bigint | undefined, id = 0): Surroundings {
  vm.pass();
  const { clock, flags } = vm.kvm.ops.getClock(vm.kvm);
  const guestTsc = vm.read('host', MSR_IA32_TSC, id) ?? 0n;
  return { clockSet, hostClock: clock, hostClockFlags: flags, guestTsc };
}

/** Facts of one step of the model. */
export function modelFacts(
  vm: RecordedVm,
  area: Area,
  before: Uint8Array,
  clockSet: bigint | undefined,
  id = 0,
): Facts {
  const after = areaOf(vm, area.gpa);
  area.bytes = after;
  return clockFacts(before, after, surroundings(vm, clockSet, id));
}

/** KVM_SET_CLOCK without flags: its return value. */
export function setClock(vm: RecordedVm, clock: bigint): number {
  vm.pass();
  const done = vm.kvm.ops.setClock(vm.kvm, { clock, flags: 0, realtime: 0n });
  return done ? 0 : -22;
}

/** Takes a bit from what KVM offers. */
export function withoutFeature(vm: RecordedVm, bit: number): void {
  const features = (KVM_SUPPORTED_FEATURES & ~(1 << bit)) >>> 0;
  vm.kvm.ops.setCpuid(vm.kvm, vm.vcpu(), cpuidEntries(KVM_CPUID_SIGNATURE, features));
}

/** The pair that a publication shows. */
export function pairOf(bytes: Uint8Array): string {
  const { tscTimestamp, systemTime } = clockAt(bytes);
  return `${tscTimestamp} ${systemTime}`;
}
