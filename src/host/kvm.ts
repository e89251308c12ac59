import type { HostCpu } from '../cpu/host-cpu.ts';
import type { HostAddress, MemoryPort } from '../memory/memory-port.ts';
import type { HostOps } from './host-ops.ts';
import { VCPU, VM } from './records.ts';

/** Host address of a vCPU record, which is how host code names a vCPU. */
export type VcpuRecord = HostAddress;

/**
 * KVM as one physical CPU sees it: its port, where the VM's records are, and the operations.
 *
 * Mechanisms are functions `(kvm, vcpu, …)`, and call each other through {@link Kvm.ops}, so that a
 * broken twin replaces one operation and leaves the rest of the host as it is.
 */
export class Kvm {
  readonly cpu: HostCpu;
  readonly memory: MemoryPort;
  readonly ops: HostOps;
  /** Host address of the VM record. */
  readonly vm: HostAddress;

  constructor(cpu: HostCpu, ops: HostOps, vm: HostAddress) {
    this.cpu = cpu;
    this.memory = cpu.memory;
    this.ops = ops;
    this.vm = vm;
  }

  /** The record of vCPU `id`. */
  vcpu(id: number): VcpuRecord {
    return this.vm + VM.bytes + id * VCPU.bytes;
  }

  get vcpuCount(): number {
    return this.memory.load32(this.vm + VM.vcpus);
  }
}

/** Bytes of host RAM that a VM with `vcpus` vCPUs needs for its VM and vCPU records. */
export function vmBytes(vcpus: number): number {
  return VM.bytes + vcpus * VCPU.bytes;
}
