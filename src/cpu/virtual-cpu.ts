import type { MemoryPort } from '../memory/memory-port.ts';
import type { Memslots } from '../memory/memslots.ts';
import { GeneralProtectionFault } from './faults.ts';
import type { HostCpu } from './host-cpu.ts';
import { guestTscAt, type Hypervisor } from './hypervisor.ts';
import { MemoryInstructions } from './memory-instructions.ts';
import type { CpuidResult, InterruptHandler, Vcpu } from './vcpu.ts';

/**
 * A vCPU over any memory port, with the whole x86 step vocabulary: to what its memory instructions do it
 * adds the TSC and the instructions that exit. Engines differ in the memory below it and in what makes
 * {@link VirtualCpu.exitPending} true; `ThreadVcpu` has fast paths on top.
 */
export abstract class VirtualCpu extends MemoryInstructions implements Vcpu {
  readonly #host: HostCpu;

  constructor(
    id: number,
    memory: MemoryPort,
    host: HostCpu,
    slots: Memslots,
    hypervisor: Hypervisor,
  ) {
    super(id, memory, slots, hypervisor);
    this.#host = host;
  }

  protected run(handler: InterruptHandler, vector: number): void {
    handler(this, vector);
  }

  rdtsc(): bigint {
    this.boundary();
    return this.readTsc();
  }
  rdtscOrdered(): bigint {
    return this.rdtsc();
  }
  /** RDTSC without the instruction boundary before it. */
  protected readTsc(): bigint {
    return this.sampleTsc(guestTscAt(this.#host.hostTsc(), this.hypervisor.guestTsc));
  }
  /** Hook for whoever judges a clock: sees every TSC value that the program received. */
  protected sampleTsc(tsc: bigint): bigint {
    return tsc;
  }

  cpuid(leaf: number): CpuidResult {
    this.boundary();
    this.hypervisor.leaveGuest();
    const result = this.hypervisor.emulateCpuid(leaf);
    this.enter();
    return result;
  }
  rdmsr(index: number): bigint {
    this.boundary();
    this.hypervisor.leaveGuest();
    const value = this.hypervisor.emulateRdmsr(index);
    this.enter();
    if (value === undefined) throw new GeneralProtectionFault('RDMSR', index);
    return value;
  }
  wrmsr(index: number, value: bigint): void {
    if (!this.wrmsrSafe(index, value)) throw new GeneralProtectionFault('WRMSR', index, value);
  }
  wrmsrSafe(index: number, value: bigint): boolean {
    this.boundary();
    this.hypervisor.leaveGuest();
    const accepted = this.hypervisor.emulateWrmsr(index, BigInt.asUintN(64, value));
    this.enter();
    return accepted;
  }
  vmcall(nr: number, a0 = 0n, a1 = 0n, a2 = 0n, a3 = 0n): bigint {
    this.boundary();
    this.hypervisor.leaveGuest();
    const result = this.hypervisor.emulateHypercall(nr, a0, a1, a2, a3);
    this.enter();
    return result;
  }
  apicEoi(): void {
    this.boundary();
    this.hypervisor.leaveGuest();
    this.hypervisor.emulateApicEoi();
    this.enter();
  }

  cli(): void {
    this.boundary();
    this.interruptFlag = false;
  }
  sti(): void {
    this.boundary();
    this.enableInterrupts();
  }
  /** STI without the instruction boundary before it. */
  protected enableInterrupts(): void {
    this.interruptFlag = true;
    if (this.hypervisor.interruptWindowRequested) {
      this.hypervisor.leaveGuest();
      this.hypervisor.handleInterruptWindow();
      this.enter();
    }
  }
  hlt(): void {
    this.boundary();
    this.hypervisor.leaveGuest();
    this.hypervisor.emulateHlt(this);
    this.enter();
  }
  safeHalt(): void {
    this.boundary();
    this.interruptFlag = true;
    this.hypervisor.leaveGuest();
    // What has waited for RFLAGS.IF ends the halt, and is delivered by this entry.
    if (this.hypervisor.interruptWindowRequested) this.hypervisor.handleInterruptWindow();
    this.hypervisor.emulateHlt(this);
    this.enter();
  }
  relax(): void {
    this.boundary();
    this.#host.relax();
  }
}
