import { VCPU } from '../../../host/records.ts';
import type { RecordedVm } from '../../recorded-vm.ts';

/** The vCPU's thread waits for a physical CPU for so many ns. */
export function passRunDelay(vm: RecordedVm, nanoseconds: bigint): void {
  const { memory } = vm.kvm;
  const runDelay = vm.vcpu() + VCPU.runDelay;
  memory.store64(runDelay, BigInt.asUintN(64, memory.load64(runDelay) + nanoseconds));
}
