import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';
import type { Ledger } from './ledger.ts';

const FRAME = 0;
const FLUSHES = 4;

/** Ledger bytes of one vCPU's {@link Tlb}. */
export const TLB_BYTES = 64;

/** What a lookup gives where nothing is cached. */
export const NO_FRAME = 0;

/**
 * The TLB of one vCPU, with room for one translation: hardware, which no store to a page table
 * reaches. An entry goes by a flush of the host's (it carries the count of flushes at which it was
 * filled) or by one of the guest's own. Only the vCPU's own thread touches it.
 */
export class Tlb {
  readonly #ledger: Ledger;
  readonly #base: number;
  readonly #kvm: Kvm;
  readonly #vcpu: VcpuRecord;

  constructor(ledger: Ledger, base: number, kvm: Kvm, vcpu: VcpuRecord) {
    this.#ledger = ledger;
    this.#base = base;
    this.#kvm = kvm;
    this.#vcpu = vcpu;
  }

  /** How often the host has flushed it. */
  get flushes(): number {
    return this.#kvm.memory.load32(this.#vcpu + VCPU.tlbFlushes);
  }

  /** The cached frame, or {@link NO_FRAME}. */
  lookup(): number {
    if (this.#ledger.load32(this.#base + FLUSHES) !== this.flushes) return NO_FRAME;
    return this.#ledger.load32(this.#base + FRAME);
  }

  /** Caches what a walk of the page table found. */
  fill(frame: number): void {
    this.#ledger.store32(this.#base + FLUSHES, this.flushes);
    this.#ledger.store32(this.#base + FRAME, frame);
  }

  /** INVLPG, or a write of CR3. */
  drop(): void {
    this.#ledger.store32(this.#base + FRAME, NO_FRAME);
  }
}
