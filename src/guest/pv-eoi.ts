import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';

/** Bit of the PV EOI word: set by the host where it offers, cleared by the guest to signal. */
const OFFER_BIT = 0;

/** Ends the interrupt in service. Source: `kvm_guest_apic_eoi_write`. */
export function signalEoi(cpu: Vcpu, at: { readonly word: Gpa }): void {
  // One instruction: with an exit between a test and a clear, the host would take the offer back
  // and the clear would signal an EOI that nobody looks for.
  if (cpu.testAndClear(at.word, OFFER_BIT)) return;
  cpu.apicEoi();
}
