import type { RecordLayout } from './layout.ts';

/** Offset of the byte that carries the offer, and the rest of the word, bytes. */
export const PV_EOI_OFFER = 0;
export const PV_EOI_PAD = 1;
export const PV_EOI_WORD_BYTES = 4;

/** Bytes that the host binds, reads and writes, from the start of the word. */
export const PV_EOI_BOUND_BYTES = 1;

/** Number of the bit that guest and host pass to each other. */
export const KVM_PV_EOI_BIT = 0;
export const KVM_PV_EOI_MASK = 1 << KVM_PV_EOI_BIT;
/** Byte the host stores to offer: the guest may clear the bit in place of an APIC EOI. */
export const KVM_PV_EOI_ENABLED = KVM_PV_EOI_MASK;
/** Byte the host stores to withdraw, and what the guest leaves when it has signalled EOI. */
export const KVM_PV_EOI_DISABLED = 0;

/**
 * PV EOI word of one vCPU, at the address in `MSR_KVM_PV_EOI_EN`. The kernel declares no
 * struct for it, so the field names are ours.
 *
 * The documentation speaks of 4 bytes and of one bit; the host stores a whole byte, as 0 or 1, and
 * leaves the other three alone.
 */
export const PV_EOI_WORD: RecordLayout = {
  name: 'pv_eoi',
  size: PV_EOI_WORD_BYTES,
  alignment: { required: 4, documented: 4 },
  fields: [
    {
      name: 'offer',
      offset: PV_EOI_OFFER,
      size: 1,
      reservedBits: 0xfen,
      writtenBy: 'both',
      doc: '1 while the guest may complete the interrupt by clearing it. Both sides write it in the context of this vCPU only, so one instruction suffices and no LOCK is needed.',
    },
    {
      name: 'pad',
      offset: PV_EOI_PAD,
      size: 3,
      writtenBy: 'nobody',
      doc: 'Promised to be zeroed by the guest, never touched by the host.',
    },
  ],
  doc: 'The offer to complete one interrupt without leaving guest mode.',
  source: 'Documentation/virt/kvm/x86/msr.rst, MSR_KVM_EOI_EN; arch/x86/kvm/lapic.c',
};
