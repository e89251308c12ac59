import {
  type FaultingGuest,
  type GuestState,
  type GuestTsc,
  type Hypervisor,
  makeGuestTsc,
  TSC_RATIO_ONE,
} from '../cpu/hypervisor.ts';
import type { CpuidResult } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU } from './records.ts';
import { KVM_REQ_EVENT, KVM_REQ_STEAL_UPDATE } from './requests.ts';

/** KVM's side of one vCPU, on that vCPU's thread: what the hardware's exits and entries call. */
export class KvmVcpu implements Hypervisor {
  readonly #kvm: Kvm;
  readonly #vcpu: VcpuRecord;
  #tsc: GuestTsc = makeGuestTsc(0n, TSC_RATIO_ONE);

  constructor(kvm: Kvm, vcpu: VcpuRecord) {
    this.#kvm = kvm;
    this.#vcpu = vcpu;
  }

  get interruptWindowRequested(): boolean {
    return this.#kvm.memory.load32(this.#vcpu + VCPU.interruptWindow) !== 0;
  }
  get guestTsc(): GuestTsc {
    return this.#tsc;
  }

  /** KVM_RUN: the thread takes the vCPU onto a physical CPU. */
  load(): void {
    this.#kvm.ops.makeRequest(this.#kvm, this.#vcpu, KVM_REQ_STEAL_UPDATE | KVM_REQ_EVENT);
  }

  beginRun(): void {
    this.#kvm.ops.beginRun(this.#kvm, this.#vcpu);
  }
  endRun(): void {
    this.#kvm.ops.endRun(this.#kvm, this.#vcpu);
  }

  leaveGuest(): void {
    this.#kvm.ops.leaveGuest(this.#kvm, this.#vcpu);
  }
  enterGuest(guest: GuestState): number {
    const { memory, ops } = this.#kvm;
    const vector = ops.enterGuest(this.#kvm, this.#vcpu, guest);
    const offset = memory.load64(this.#vcpu + VCPU.tscOffset);
    const ratio = memory.load64(this.#vcpu + VCPU.tscRatio);
    if (offset !== this.#tsc.offset || ratio !== this.#tsc.ratio)
      this.#tsc = makeGuestTsc(offset, ratio);
    return vector;
  }

  emulateRdmsr(index: number): bigint | undefined {
    return this.#kvm.ops.emulateRdmsr(this.#kvm, this.#vcpu, index);
  }
  emulateWrmsr(index: number, value: bigint): boolean {
    return this.#kvm.ops.emulateWrmsr(this.#kvm, this.#vcpu, index, value);
  }
  emulateCpuid(leaf: number): CpuidResult {
    return this.#kvm.ops.cpuid(this.#kvm, this.#vcpu, leaf);
  }
  emulateHypercall(nr: number, a0: bigint, a1: bigint, a2: bigint, a3: bigint): bigint {
    return this.#kvm.ops.hypercall(this.#kvm, this.#vcpu, nr, a0, a1, a2, a3);
  }
  emulateApicEoi(): void {
    this.#kvm.ops.setEoi(this.#kvm, this.#vcpu);
  }
  get pageFaultAddress(): number {
    return this.#kvm.memory.load32(this.#vcpu + VCPU.pageFaultAddress);
  }
  pageMapped(gpa: Gpa): boolean {
    return this.#kvm.ops.pageResident(this.#kvm, gpa);
  }
  handlePageFault(guest: FaultingGuest, gpa: Gpa): void {
    this.#kvm.ops.handlePageFault(this.#kvm, this.#vcpu, guest, gpa);
  }
  emulateHlt(guest: GuestState): void {
    this.#kvm.ops.haltVcpu(this.#kvm, this.#vcpu, guest);
  }
  handleExternalInterrupt(): void {
    this.#kvm.ops.handleExternalInterrupt(this.#kvm, this.#vcpu);
  }
  handleInterruptWindow(): void {
    this.#kvm.ops.handleInterruptWindow(this.#kvm, this.#vcpu);
  }
}
