import {
  KVM_ASYNC_PF_ADDRESS_MASK,
  KVM_VCPU_PV_APF_DATA_FLAGS,
  KVM_VCPU_PV_APF_DATA_OLD_ENABLED,
  KVM_VCPU_PV_APF_DATA_TOKEN,
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
  X86_TRAP_PF,
} from '../../../abi/index.ts';
import { APIC_WORDS, VCPU } from '../../../host/records.ts';
import type { Bench } from '../../group.ts';
import { Exited, type RecordedVm } from '../../recorded-vm.ts';
import type { Facts } from '../../result.ts';

/** The recorder's vector of page-ready. */
const VECTOR = 0xec;
/** The area, and four bytes behind it that once were the guest's `enabled`. */
const DUMP_BYTES = KVM_VCPU_PV_APF_DATA_OLD_ENABLED + 4;
/** Guest pages that the host has not got. */
const PAGES = 0x10_0000;
const PAGE_BYTES = 4096;

/** Ports that the recorder's guest writes: where it has come to. */
const PORT_NONE = 0x1;
const PORT_PAGE_FAULT = 0x16;
const PORT_INTERRUPTS_OFF = 0x1f;
const PORT_READY = 0x30;
const PORT_INTERRUPTS_ON = 0x32;
const PORT_PAGE_USED = 0x33;

/** What a row says of its guest. */
export interface GuestSetUp {
  readonly value: bigint;
  readonly prefill: number;
  readonly apicEnabled: boolean;
  readonly interruptFlag: boolean;
  readonly userMode: boolean;
  /** Set up before the first step, and every token taken. */
  readonly enabled: boolean;
  /** The reason stays in the flags until the page is ready. */
  readonly keepsFlags: boolean;
}

/** The recorder and its guest: it runs from a given point until one of its handlers, or its end, exits. */
export class Guest {
  readonly setUp: GuestSetUp;
  readonly #vm: RecordedVm;
  readonly #area: number;
  readonly #taken = new Set<number>();
  #port = PORT_NONE;
  #cr2 = 0;
  #tokenSeen = 0;

  private constructor(vm: RecordedVm, setUp: GuestSetUp) {
    this.setUp = setUp;
    this.#vm = vm;
    this.#area = Number(setUp.value & KVM_ASYNC_PF_ADDRESS_MASK);
    const cpu = vm.cpu();
    cpu.onInterrupt(X86_TRAP_PF, () => {
      this.#cr2 = cpu.readCr2();
      throw new Exited(PORT_PAGE_FAULT);
    });
    cpu.onInterrupt(VECTOR, () => {
      cpu.apicEoi();
      this.#tokenSeen = cpu.load32(this.#area + KVM_VCPU_PV_APF_DATA_TOKEN);
      throw new Exited(PORT_READY);
    });
  }

  static create(bench: Bench, setUp: GuestSetUp): Guest {
    const vm: RecordedVm = bench.vm(
      {},
      // A halted vCPU sleeps until the page is there, which takes one turn of a worker.
      { blockVcpu: (kvm) => void kvm.ops.runAsyncPfWorker(kvm) },
    );
    const { kvm } = vm;
    const guest = new Guest(vm, setUp);
    vm.fill(guest.#area, new Uint8Array(DUMP_BYTES).fill(setUp.prefill));
    kvm.ops.setApicEnabled(kvm, vm.vcpu(), setUp.apicEnabled);
    vm.write('host', MSR_KVM_ASYNC_PF_INT, BigInt(VECTOR));
    if (setUp.enabled) {
      guest.enable();
      guest.run(true);
      guest.clearToken();
      guest.acknowledge(1n);
    }
    return guest;
  }

  enable(): void {
    this.#vm.write('host', MSR_KVM_ASYNC_PF_EN, this.setUp.value);
    this.#port = PORT_NONE;
  }
  disable(): void {
    this.#vm.write('host', MSR_KVM_ASYNC_PF_EN, 0n);
    this.#port = PORT_NONE;
  }
  acknowledge(value: bigint): void {
    this.#vm.write('host', MSR_KVM_ASYNC_PF_ACK, value);
    this.#port = PORT_NONE;
  }
  enableApic(): void {
    const { kvm } = this.#vm;
    kvm.ops.setApicEnabled(kvm, this.#vm.vcpu(), true);
  }
  clearFlags(): void {
    this.#vm.fill(this.#area + KVM_VCPU_PV_APF_DATA_FLAGS, new Uint8Array(4));
  }
  clearToken(): void {
    this.#vm.fill(this.#area + KVM_VCPU_PV_APF_DATA_TOKEN, new Uint8Array(4));
  }

  /** Takes a page away, once: what the recorder's resolver has brought in stays. */
  swapOut(page: number): void {
    if (this.#taken.has(page)) return;
    this.#taken.add(page);
    this.#vm.kvm.ops.swapOutPage(this.#vm.kvm, PAGES + page * PAGE_BYTES);
  }
  /** Brings in what is under way. */
  resolve(): void {
    while (this.#vm.kvm.ops.runAsyncPfWorker(this.#vm.kvm));
  }

  /** A guest that does nothing, with interrupts off or on. */
  run(interruptFlag: boolean): void {
    this.#run(interruptFlag ? PORT_INTERRUPTS_ON : PORT_INTERRUPTS_OFF, interruptFlag, () => {});
  }

  /** A guest that uses a page, in the mode that the row says. */
  touch(page: number): void {
    const { interruptFlag, userMode } = this.setUp;
    this.#run(PORT_PAGE_USED, interruptFlag, () => {
      const cpu = this.#vm.cpu();
      cpu.userMode = userMode;
      cpu.touch(PAGES + page * PAGE_BYTES);
    });
  }

  #run(portAtEnd: number, interruptFlag: boolean, program: () => void): void {
    this.#tokenSeen = 0;
    const port = this.#vm.runUntilExit((cpu) => {
      if (interruptFlag) cpu.sti();
      program();
    });
    this.#port = port ?? portAtEnd;
  }

  /** What the recorder looks at after each step. */
  facts(): Facts {
    const vm = this.#vm;
    return {
      exitPort: this.#port,
      bytes: vm.dump(this.#area, DUMP_BYTES),
      cr2: this.#cr2.toString(16),
      tokenSeen: this.#tokenSeen.toString(16),
      irr: this.#bit(VCPU.irr),
      isr: this.#bit(VCPU.isr),
      enable: (vm.read('host', MSR_KVM_ASYNC_PF_EN) ?? 0n).toString(16),
      vector: (vm.read('host', MSR_KVM_ASYNC_PF_INT) ?? 0n).toString(16),
    };
  }

  /** The vector's bit in a bitmap of the LAPIC. */
  #bit(bitmap: number): number {
    const word = Math.min(VECTOR >>> 5, APIC_WORDS - 1);
    const bits = this.#vm.kvm.memory.load32(this.#vm.vcpu() + bitmap + word * 4);
    return (bits >>> (VECTOR & 31)) & 1;
  }
}
