import type { Gpa, HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm } from './kvm.ts';
import { VM } from './records.ts';

const PAGE_BYTES = 4096;
const RESIDENT = 0;
const SWAPPED_OUT = 1;

/** Bytes of the table that says which pages of so much guest RAM the host has in memory. */
export function hostPagesBytes(guestBytes: number): number {
  return Math.ceil(guestBytes / PAGE_BYTES) * 4;
}

/** The word of a page, or `UNBACKED` for an address that is no RAM. */
function pageWord(kvm: Kvm, gpa: Gpa): HostAddress {
  const address = kvm.cpu.translate(gpa, 1);
  if (address === UNBACKED) return UNBACKED;
  return kvm.memory.load32(kvm.vm + VM.hostPages) + Math.floor(address / PAGE_BYTES) * 4;
}

/**
 * Whether the host has the page of guest memory in memory, and mapped for the guest. What is no RAM
 * is never missing. The content of a page that is swapped out is not lost, nor is it modelled.
 */
export function pageResident(kvm: Kvm, gpa: Gpa): boolean {
  const word = pageWord(kvm, gpa);
  return word === UNBACKED || kvm.memory.load32(word) === RESIDENT;
}

/** The host takes a page of guest memory away. Source: `kvm_mmu_notifier_invalidate_range_start`. */
export function swapOutPage(kvm: Kvm, gpa: Gpa): void {
  const word = pageWord(kvm, gpa);
  if (word !== UNBACKED) kvm.memory.lockXchg32(word, SWAPPED_OUT);
}

/** Brings a page back, which takes its time. Source: `get_user_pages_remote`. */
export function faultInPage(kvm: Kvm, gpa: Gpa): void {
  const word = pageWord(kvm, gpa);
  if (word !== UNBACKED) kvm.memory.lockXchg32(word, RESIDENT);
}
