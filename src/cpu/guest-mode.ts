import { X86_TRAP_PF } from '../abi/vector.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { type FaultingGuest, type Hypervisor, NO_VECTOR } from './hypervisor.ts';
import type { InterruptHandler } from './vcpu.ts';

/**
 * A vCPU in and out of guest mode: VM entry, exits between two instructions, and the delivery of
 * interrupts and faults to the guest's handlers. Engines differ in what makes
 * {@link GuestMode.exitPending} true.
 */
export abstract class GuestMode implements FaultingGuest {
  readonly id: number;
  interruptFlag = false;
  /** CPL 3: what the program does is a task of the guest's, and handlers are its kernel. */
  userMode = false;
  readonly paging = true;
  readonly nested = false;
  protected cr2 = 0;
  protected readonly hypervisor: Hypervisor;
  readonly #handlers = new Map<number, InterruptHandler>();

  constructor(id: number, hypervisor: Hypervisor) {
    this.id = id;
    this.hypervisor = hypervisor;
  }

  /** Whether something (a kick, the engine's choice) takes the vCPU out of guest mode now. */
  protected abstract exitPending(): boolean;

  /** Runs a handler on this vCPU. */
  protected abstract run(handler: InterruptHandler, vector: number): void;

  /** Installs a guest handler of an interrupt or of #PF, as the guest's IDT would. */
  onInterrupt(vector: number, handler: InterruptHandler): void {
    this.#handlers.set(vector, handler);
  }

  /** First VM entry of a program. */
  start(): void {
    this.hypervisor.beginRun();
    this.enter();
  }

  /** Last VM exit of a program. */
  finish(): void {
    this.hypervisor.leaveGuest();
    this.hypervisor.endRun();
  }

  /** An exit for an external interrupt of the host, then entry; the guest's handlers may run. */
  exit(): void {
    this.hypervisor.leaveGuest();
    this.hypervisor.handleExternalInterrupt();
    this.enter();
  }

  /** Hook for what a port keeps from one entry to the next: memslots change only in between. */
  protected entered(): void {}

  /** VM entry, and whatever the guest's handlers have to do first. */
  protected enter(): void {
    let vector = this.hypervisor.enterGuest(this);
    this.entered();
    while (vector !== NO_VECTOR) {
      if (vector === X86_TRAP_PF) this.cr2 = this.hypervisor.pageFaultAddress;
      this.deliver(vector);
      if (!this.hypervisor.interruptWindowRequested || !this.interruptFlag) return;
      this.hypervisor.leaveGuest();
      this.hypervisor.handleInterruptWindow();
      vector = this.hypervisor.enterGuest(this);
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
    this.run(handler, vector);
    this.interruptFlag = true;
    this.userMode = userMode;
  }

  /**
   * An exit to user space: the VMM does something on this vCPU's thread, as an ioctl of the vCPU would,
   * and then runs it again.
   */
  exitToUser(vmm: () => void): void {
    this.hypervisor.leaveGuest();
    vmm();
    this.enter();
  }

  /**
   * Uses a page of guest memory that the host may have taken away: exits until it is there, and the
   * guest may get a page fault for it each time. Other accesses find every page present.
   */
  touch(gpa: Gpa): void {
    for (;;) {
      this.boundary();
      if (this.hypervisor.pageMapped(gpa)) return;
      this.hypervisor.leaveGuest();
      this.hypervisor.handlePageFault(this, gpa);
      this.enter();
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
}
