import type { Kvm } from './kvm.ts';
import { VM } from './records.ts';
import { KVM_REQ_CLOCK_UPDATE, KVM_REQ_MCLOCK_INPROGRESS } from './requests.ts';

/** Re-reads the pair that all vCPUs share, with no guest running. Source: `kvm_update_masterclock`. */
export function updateMasterclock(kvm: Kvm): void {
  kvm.ops.startPvclockUpdate(kvm);
  kvm.ops.updateGtodCopy(kvm);
  kvm.ops.endPvclockUpdate(kvm);
}

/** Stops the world and takes the writers' lock. Source: `kvm_start_pvclock_update`. */
export function startPvclockUpdate(kvm: Kvm): void {
  const { memory, ops, vm } = kvm;
  ops.makeAllVcpusRequestAndWait(kvm, KVM_REQ_MCLOCK_INPROGRESS);
  while (memory.lockCmpxchg32(vm + VM.tscWriteLock, 0, 1) !== 0) kvm.cpu.relax();
  memory.store32(vm + VM.pvclockSequence, (memory.load32(vm + VM.pvclockSequence) + 1) >>> 0);
  // Odd before the pair: pairs with the barrier in beginClockRead.
  memory.wmb();
}

/** Lets the world go on; every vCPU must take the new pair first. Source: `kvm_end_pvclock_update`. */
export function endPvclockUpdate(kvm: Kvm): void {
  const { memory, ops, vm } = kvm;
  // The pair before even: pairs with the barrier in retryClockRead.
  memory.wmb();
  memory.store32(vm + VM.pvclockSequence, (memory.load32(vm + VM.pvclockSequence) + 1) >>> 0);
  memory.wmb();
  memory.store32(vm + VM.tscWriteLock, 0);
  ops.releaseVcpus(kvm);
}

/** CLOCK_UPDATE on every vCPU, and only then the end of MCLOCK_INPROGRESS on any. */
export function releaseVcpus(kvm: Kvm): void {
  const { ops } = kvm;
  const count = kvm.vcpuCount;
  for (let id = 0; id < count; id++) ops.makeRequest(kvm, kvm.vcpu(id), KVM_REQ_CLOCK_UPDATE);
  for (let id = 0; id < count; id++) ops.clearRequest(kvm, kvm.vcpu(id), KVM_REQ_MCLOCK_INPROGRESS);
}

/** Decides whether the master clock is used, and takes its pair. Source: `pvclock_update_vm_gtod_copy`. */
export function updateGtodCopy(kvm: Kvm): void {
  const { memory, ops, vm } = kvm;
  const use =
    memory.load32(vm + VM.clocksourceIsTsc) !== 0 &&
    memory.load32(vm + VM.vcpusMatchedTsc) !== 0 &&
    memory.load32(vm + VM.backwardsTscObserved) === 0 &&
    memory.load32(vm + VM.bootVcpuRunsOldKvmclock) === 0;
  memory.store32(vm + VM.useMasterClock, use ? 1 : 0);
  if (!use) return;
  const tsc = kvm.cpu.hostTsc();
  memory.store64(vm + VM.masterCycleNow, tsc);
  memory.store64(vm + VM.masterKernelNs, ops.bootRawNsAt(kvm, tsc));
}

/** Waits for an even sequence and returns it. Source: `read_seqcount_begin`. */
export function beginClockRead(kvm: Kvm): number {
  const { memory, vm } = kvm;
  let sequence = memory.load32(vm + VM.pvclockSequence);
  while ((sequence & 1) !== 0) {
    kvm.cpu.relax();
    sequence = memory.load32(vm + VM.pvclockSequence);
  }
  // The pair's loads come after: pairs with the barrier in startPvclockUpdate.
  memory.rmb();
  return sequence;
}

/** Whether a writer came between. Source: `read_seqcount_retry`. */
export function retryClockRead(kvm: Kvm, sequence: number): boolean {
  // The pair's loads come before: pairs with the barrier in endPvclockUpdate.
  kvm.memory.rmb();
  return kvm.memory.load32(kvm.vm + VM.pvclockSequence) !== sequence;
}
