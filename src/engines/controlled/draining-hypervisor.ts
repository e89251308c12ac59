import type { FaultingGuest, GuestState, GuestTsc, Hypervisor } from '../../cpu/hypervisor.ts';
import type { CpuidResult } from '../../cpu/vcpu.ts';
import type { Gpa, MemoryPort } from '../../memory/memory-port.ts';

/** A hypervisor whose VM exits and entries drain the store buffer, as the hardware's do. */
export class DrainingHypervisor implements Hypervisor {
  readonly #inner: Hypervisor;
  readonly #memory: MemoryPort;

  constructor(inner: Hypervisor, memory: MemoryPort) {
    this.#inner = inner;
    this.#memory = memory;
  }

  get interruptWindowRequested(): boolean {
    return this.#inner.interruptWindowRequested;
  }
  get guestTsc(): GuestTsc {
    return this.#inner.guestTsc;
  }

  beginRun(): void {
    this.#inner.beginRun();
  }
  endRun(): void {
    this.#inner.endRun();
  }
  leaveGuest(): void {
    this.#memory.mb();
    this.#inner.leaveGuest();
  }
  enterGuest(guest: GuestState): number {
    const vector = this.#inner.enterGuest(guest);
    this.#memory.mb();
    return vector;
  }

  emulateRdmsr(index: number): bigint | undefined {
    return this.#inner.emulateRdmsr(index);
  }
  emulateWrmsr(index: number, value: bigint): boolean {
    return this.#inner.emulateWrmsr(index, value);
  }
  emulateCpuid(leaf: number): CpuidResult {
    return this.#inner.emulateCpuid(leaf);
  }
  emulateHypercall(nr: number, a0: bigint, a1: bigint, a2: bigint, a3: bigint): bigint {
    return this.#inner.emulateHypercall(nr, a0, a1, a2, a3);
  }
  emulateApicEoi(): void {
    this.#inner.emulateApicEoi();
  }
  get pageFaultAddress(): number {
    return this.#inner.pageFaultAddress;
  }
  pageMapped(gpa: Gpa): boolean {
    return this.#inner.pageMapped(gpa);
  }
  handlePageFault(guest: FaultingGuest, gpa: Gpa): void {
    this.#inner.handlePageFault(guest, gpa);
  }
  emulateHlt(guest: GuestState): void {
    this.#inner.emulateHlt(guest);
  }
  handleExternalInterrupt(): void {
    this.#inner.handleExternalInterrupt();
  }
  handleInterruptWindow(): void {
    this.#inner.handleInterruptWindow();
  }
}
