import {
  type GuestState,
  type GuestTsc,
  type Hypervisor,
  makeGuestTsc,
  TSC_RATIO_ONE,
} from '../cpu/hypervisor.ts';
import type { CpuidResult } from '../cpu/vcpu.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_OK } from './msr-result.ts';
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

  leaveGuest(): void {
    this.#kvm.ops.leaveGuest(this.#kvm, this.#vcpu);
  }
  enterGuest(guest: GuestState): number {
    const { memory, ops } = this.#kvm;
    const vector = ops.enterGuest(this.#kvm, this.#vcpu, guest);
    const offset = memory.load64(this.#vcpu + VCPU.tscOffset);
    if (offset !== this.#tsc.offset) {
      this.#tsc = makeGuestTsc(offset, memory.load64(this.#vcpu + VCPU.tscRatio));
    }
    return vector;
  }

  emulateRdmsr(index: number): bigint | undefined {
    return this.#kvm.ops.getMsr(this.#kvm, this.#vcpu, { index, hostInitiated: false });
  }
  emulateWrmsr(index: number, value: bigint): boolean {
    const access = { index, hostInitiated: false };
    return this.#kvm.ops.setMsr(this.#kvm, this.#vcpu, access, value) === MSR_OK;
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
