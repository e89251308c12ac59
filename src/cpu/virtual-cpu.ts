import { X86_TRAP_PF } from '../abi/vector.ts';
import { UnbackedGpa } from '../memory/errors.ts';
import type { Gpa, HostAddress, MemoryPort } from '../memory/memory-port.ts';
import { type Memslots, UNBACKED } from '../memory/memslots.ts';
import { GeneralProtectionFault } from './faults.ts';
import type { HostCpu } from './host-cpu.ts';
import { type FaultingGuest, guestTscAt, type Hypervisor, NO_VECTOR } from './hypervisor.ts';
import type { CpuidResult, InterruptHandler, Vcpu } from './vcpu.ts';

const PAGE_BYTES = 4096;

/**
 * A vCPU over any memory port: the x86 step vocabulary, address translation, and what the hardware
 * does between two instructions (exits, interrupt delivery). Engines differ in the memory below it
 * and in what makes {@link VirtualCpu.exitPending} true; `ThreadVcpu` has fast paths on top.
 *
 * Every method is one instruction: first a pending exit may happen, then its memory steps, with no
 * exit in between. That is all the atomicity an instruction without LOCK has.
 */
export abstract class VirtualCpu implements Vcpu, FaultingGuest {
  readonly id: number;
  interruptFlag = false;
  /** CPL 3: what the program does is a task of the guest's, and handlers are its kernel. */
  userMode = false;
  readonly paging = true;
  readonly nested = false;
  protected cr2 = 0;
  readonly #memory: MemoryPort;
  readonly #host: HostCpu;
  readonly #slots: Memslots;
  readonly #hypervisor: Hypervisor;
  readonly #handlers = new Map<number, InterruptHandler>();

  constructor(
    id: number,
    memory: MemoryPort,
    host: HostCpu,
    slots: Memslots,
    hypervisor: Hypervisor,
  ) {
    this.id = id;
    this.#memory = memory;
    this.#host = host;
    this.#slots = slots;
    this.#hypervisor = hypervisor;
  }

  /** Whether something (a kick, the engine's choice) takes the vCPU out of guest mode now. */
  protected abstract exitPending(): boolean;

  /** Installs a guest handler of an interrupt or of #PF, as the guest's IDT would. */
  onInterrupt(vector: number, handler: InterruptHandler): void {
    this.#handlers.set(vector, handler);
  }

  /** First VM entry of a program. */
  start(): void {
    this.#hypervisor.beginRun();
    this.#enter();
  }

  /** Last VM exit of a program. */
  finish(): void {
    this.#hypervisor.leaveGuest();
    this.#hypervisor.endRun();
  }

  /** An exit for an external interrupt of the host, then entry; the guest's handlers may run. */
  exit(): void {
    this.#hypervisor.leaveGuest();
    this.#hypervisor.handleExternalInterrupt();
    this.#enter();
  }

  /** Hook for what a port keeps from one entry to the next: memslots change only in between. */
  protected entered(): void {}

  #enter(): void {
    let vector = this.#hypervisor.enterGuest(this);
    this.entered();
    while (vector !== NO_VECTOR) {
      if (vector === X86_TRAP_PF) this.cr2 = this.#hypervisor.pageFaultAddress;
      this.deliver(vector);
      if (!this.#hypervisor.interruptWindowRequested || !this.interruptFlag) return;
      this.#hypervisor.leaveGuest();
      this.#hypervisor.handleInterruptWindow();
      vector = this.#hypervisor.enterGuest(this);
      this.entered();
    }
  }

  /** The guest's handler of an interrupt or a fault runs. */
  protected deliver(vector: number): void {
    const handler = this.#handlers.get(vector);
    if (handler === undefined) {
      throw new Error(`Expected a guest handler for vector 0x${vector.toString(16)}, got none.`);
    }
    const { userMode } = this;
    this.userMode = false;
    this.interruptFlag = false;
    handler(this, vector);
    this.interruptFlag = true;
    this.userMode = userMode;
  }

  /**
   * An exit to user space: the VMM does something on this vCPU's thread, as an ioctl of the vCPU would,
   * and then runs it again.
   */
  exitToUser(vmm: () => void): void {
    this.#hypervisor.leaveGuest();
    vmm();
    this.#enter();
  }

  /**
   * Uses a page of guest memory that the host may have taken away: exits until it is there, and the
   * guest may get a page fault for it each time. Other accesses find every page present.
   */
  touch(gpa: Gpa): void {
    for (;;) {
      this.boundary();
      if (this.#hypervisor.pageMapped(gpa)) return;
      this.#hypervisor.leaveGuest();
      this.#hypervisor.handlePageFault(this, gpa);
      this.#enter();
    }
  }

  /** A page fault of the guest's own making, at `address`: its page tables have no such page. */
  raisePageFault(address: number): void {
    this.boundary();
    this.cr2 = address;
    this.deliver(X86_TRAP_PF);
  }

  /** CR2: the address of the latest page fault. */
  readCr2(): number {
    this.boundary();
    return this.cr2;
  }

  /** What happens at every instruction boundary. */
  protected boundary(): void {
    if (this.exitPending()) this.exit();
  }

  protected address(gpa: Gpa, bytes: number): HostAddress {
    const address = this.#slots.translate(gpa, bytes);
    if (address === UNBACKED) throw new UnbackedGpa(gpa, bytes, this.#slots.describe());
    return address;
  }

  load8(gpa: Gpa): number {
    this.boundary();
    return this.#memory.load8(this.address(gpa, 1));
  }
  load16(gpa: Gpa): number {
    this.boundary();
    if (crossesPage(gpa, 2)) return Number(this.#loadAcrossPages(gpa, 2));
    return this.#memory.load16(this.address(gpa, 2));
  }
  load32(gpa: Gpa): number {
    this.boundary();
    if (crossesPage(gpa, 4)) return Number(this.#loadAcrossPages(gpa, 4));
    return this.#memory.load32(this.address(gpa, 4));
  }
  load64(gpa: Gpa): bigint {
    this.boundary();
    if (crossesPage(gpa, 8)) return this.#loadAcrossPages(gpa, 8);
    return this.#memory.load64(this.address(gpa, 8));
  }
  store8(gpa: Gpa, value: number): void {
    this.boundary();
    this.#memory.store8(this.address(gpa, 1), value);
  }
  store16(gpa: Gpa, value: number): void {
    this.boundary();
    if (crossesPage(gpa, 2)) this.#storeAcrossPages(gpa, 2, BigInt(value));
    else this.#memory.store16(this.address(gpa, 2), value);
  }
  store32(gpa: Gpa, value: number): void {
    this.boundary();
    if (crossesPage(gpa, 4)) this.#storeAcrossPages(gpa, 4, BigInt(value));
    else this.#memory.store32(this.address(gpa, 4), value);
  }
  store64(gpa: Gpa, value: bigint): void {
    this.boundary();
    if (crossesPage(gpa, 8)) this.#storeAcrossPages(gpa, 8, value);
    else this.#memory.store64(this.address(gpa, 8), value);
  }

  testAndClear(gpa: Gpa, bit: number): boolean {
    this.boundary();
    const address = this.address(gpa + (bit >>> 3), 1);
    const mask = 1 << (bit & 7);
    const old = this.#memory.load8(address);
    this.#memory.store8(address, old & ~mask);
    return (old & mask) !== 0;
  }
  and8(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 1);
    this.#memory.store8(address, this.#memory.load8(address) & mask);
  }
  and32(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 4);
    this.#memory.store32(address, (this.#memory.load32(address) & mask) >>> 0);
  }
  or8(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 1);
    this.#memory.store8(address, (this.#memory.load8(address) | mask) & 0xff);
  }
  or32(gpa: Gpa, mask: number): void {
    this.boundary();
    const address = this.address(gpa, 4);
    this.#memory.store32(address, (this.#memory.load32(address) | mask) >>> 0);
  }

  lockXchg8(gpa: Gpa, value: number): number {
    this.boundary();
    return this.#memory.lockXchg8(this.address(gpa, 1), value);
  }
  lockXchg32(gpa: Gpa, value: number): number {
    this.boundary();
    return this.#memory.lockXchg32(this.address(gpa, 4), value);
  }
  lockXchg64(gpa: Gpa, value: bigint): bigint {
    this.boundary();
    return this.#memory.lockXchg64(this.address(gpa, 8), value);
  }
  lockCmpxchg8(gpa: Gpa, expected: number, replacement: number): number {
    this.boundary();
    return this.#memory.lockCmpxchg8(this.address(gpa, 1), expected, replacement);
  }
  lockCmpxchg32(gpa: Gpa, expected: number, replacement: number): number {
    this.boundary();
    return this.#memory.lockCmpxchg32(this.address(gpa, 4), expected, replacement);
  }
  lockCmpxchg64(gpa: Gpa, expected: bigint, replacement: bigint): bigint {
    this.boundary();
    return this.#memory.lockCmpxchg64(this.address(gpa, 8), expected, replacement);
  }
  lockAnd32(gpa: Gpa, mask: number): number {
    this.boundary();
    return this.#memory.lockAnd32(this.address(gpa, 4), mask);
  }
  lockOr32(gpa: Gpa, mask: number): number {
    this.boundary();
    return this.#memory.lockOr32(this.address(gpa, 4), mask);
  }
  lockAdd32(gpa: Gpa, addend: number): number {
    this.boundary();
    return this.#memory.lockAdd32(this.address(gpa, 4), addend);
  }
  lockAdd64(gpa: Gpa, addend: bigint): bigint {
    this.boundary();
    return this.#memory.lockAdd64(this.address(gpa, 8), addend);
  }

  rmb(): void {
    this.#memory.rmb();
  }
  wmb(): void {
    this.#memory.wmb();
  }
  mb(): void {
    this.boundary();
    this.#memory.mb();
  }
  compilerBarrier(): void {}

  rdtsc(): bigint {
    this.boundary();
    return this.readTsc();
  }
  rdtscOrdered(): bigint {
    return this.rdtsc();
  }
  /** RDTSC without the instruction boundary before it. */
  protected readTsc(): bigint {
    return this.sampleTsc(guestTscAt(this.#host.hostTsc(), this.#hypervisor.guestTsc));
  }
  /** Hook for whoever judges a clock: sees every TSC value that the program received. */
  protected sampleTsc(tsc: bigint): bigint {
    return tsc;
  }

  cpuid(leaf: number): CpuidResult {
    this.boundary();
    this.#hypervisor.leaveGuest();
    const result = this.#hypervisor.emulateCpuid(leaf);
    this.#enter();
    return result;
  }
  rdmsr(index: number): bigint {
    this.boundary();
    this.#hypervisor.leaveGuest();
    const value = this.#hypervisor.emulateRdmsr(index);
    this.#enter();
    if (value === undefined) throw new GeneralProtectionFault('RDMSR', index);
    return value;
  }
  wrmsr(index: number, value: bigint): void {
    if (!this.wrmsrSafe(index, value)) throw new GeneralProtectionFault('WRMSR', index, value);
  }
  wrmsrSafe(index: number, value: bigint): boolean {
    this.boundary();
    this.#hypervisor.leaveGuest();
    const accepted = this.#hypervisor.emulateWrmsr(index, BigInt.asUintN(64, value));
    this.#enter();
    return accepted;
  }
  vmcall(nr: number, a0 = 0n, a1 = 0n, a2 = 0n, a3 = 0n): bigint {
    this.boundary();
    this.#hypervisor.leaveGuest();
    const result = this.#hypervisor.emulateHypercall(nr, a0, a1, a2, a3);
    this.#enter();
    return result;
  }
  apicEoi(): void {
    this.boundary();
    this.#hypervisor.leaveGuest();
    this.#hypervisor.emulateApicEoi();
    this.#enter();
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
    if (this.#hypervisor.interruptWindowRequested) {
      this.#hypervisor.leaveGuest();
      this.#hypervisor.handleInterruptWindow();
      this.#enter();
    }
  }
  hlt(): void {
    this.boundary();
    this.#hypervisor.leaveGuest();
    this.#hypervisor.emulateHlt(this);
    this.#enter();
  }
  safeHalt(): void {
    this.boundary();
    this.interruptFlag = true;
    this.#hypervisor.leaveGuest();
    // What has waited for RFLAGS.IF ends the halt, and is delivered by this entry.
    if (this.#hypervisor.interruptWindowRequested) this.#hypervisor.handleInterruptWindow();
    this.#hypervisor.emulateHlt(this);
    this.#enter();
  }
  relax(): void {
    this.boundary();
    this.#host.relax();
  }

  #loadAcrossPages(gpa: Gpa, bytes: number): bigint {
    let value = 0n;
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(gpa + done, bytes - done);
      const address = this.address(gpa + done, piece);
      const part =
        piece === 1
          ? this.#memory.load8(address)
          : piece === 2
            ? this.#memory.load16(address)
            : this.#memory.load32(address);
      value |= BigInt(part) << BigInt(done * 8);
      done += piece;
    }
    return value;
  }

  #storeAcrossPages(gpa: Gpa, bytes: number, value: bigint): void {
    // Both pages are checked before anything is written: a faulting store leaves no trace.
    this.address(gpa, PAGE_BYTES - (gpa % PAGE_BYTES));
    this.address(gpa + bytes - 1, 1);
    for (let done = 0; done < bytes; ) {
      const piece = pieceAt(gpa + done, bytes - done);
      const address = this.address(gpa + done, piece);
      const part = Number((value >> BigInt(done * 8)) & 0xffff_ffffn);
      if (piece === 1) this.#memory.store8(address, part & 0xff);
      else if (piece === 2) this.#memory.store16(address, part & 0xffff);
      else this.#memory.store32(address, part);
      done += piece;
    }
  }
}

function crossesPage(gpa: Gpa, bytes: number): boolean {
  return (gpa % PAGE_BYTES) + bytes > PAGE_BYTES;
}

/** The largest naturally aligned piece at `gpa` within `left` bytes. */
function pieceAt(gpa: Gpa, left: number): 1 | 2 | 4 {
  if (gpa % 4 === 0 && left >= 4) return 4;
  if (gpa % 2 === 0 && left >= 2) return 2;
  return 1;
}
