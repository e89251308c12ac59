import type { RecordLayout } from './layout.ts';

/** Offsets in `struct kvm_clock_pairing`, bytes. */
export const KVM_CLOCK_PAIRING_SEC = 0;
export const KVM_CLOCK_PAIRING_NSEC = 8;
export const KVM_CLOCK_PAIRING_TSC = 16;
export const KVM_CLOCK_PAIRING_FLAGS = 24;
export const KVM_CLOCK_PAIRING_PAD = 28;
export const KVM_CLOCK_PAIRING_BYTES = 64;

/** Type argument of `KVM_HC_CLOCK_PAIRING`: CLOCK_REALTIME, the only clock there is. */
export const KVM_CLOCK_PAIRING_WALLCLOCK = 0;

/** Answer of `KVM_HC_CLOCK_PAIRING`, written at the address that the guest passed. */
export const KVM_CLOCK_PAIRING: RecordLayout = {
  name: 'kvm_clock_pairing',
  size: KVM_CLOCK_PAIRING_BYTES,
  alignment: { required: 1, documented: 1 },
  fields: [
    {
      name: 'sec',
      offset: KVM_CLOCK_PAIRING_SEC,
      size: 8,
      signed: true,
      writtenBy: 'host',
      doc: 'Host realtime, whole seconds since 1970.',
    },
    {
      name: 'nsec',
      offset: KVM_CLOCK_PAIRING_NSEC,
      size: 8,
      signed: true,
      writtenBy: 'host',
      doc: 'The rest, ns, below 1 000 000 000.',
    },
    {
      name: 'tsc',
      offset: KVM_CLOCK_PAIRING_TSC,
      size: 8,
      writtenBy: 'host',
      doc: "The calling vCPU's TSC at that instant.",
    },
    {
      name: 'flags',
      offset: KVM_CLOCK_PAIRING_FLAGS,
      size: 4,
      reservedBits: 0xffff_ffffn,
      writtenBy: 'host',
      doc: 'No flag is defined; written as 0.',
    },
    {
      name: 'pad',
      offset: KVM_CLOCK_PAIRING_PAD,
      size: 36,
      writtenBy: 'host',
      doc: 'Written as 0.',
    },
  ],
  doc: 'One instant on two clocks: host realtime and guest TSC.',
  source: 'arch/x86/include/uapi/asm/kvm_para.h',
};
