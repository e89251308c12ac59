import type { RecordLayout } from './layout.ts';

/** Offsets in `struct kvm_clock_data`, bytes. */
export const KVM_CLOCK_DATA_CLOCK = 0;
export const KVM_CLOCK_DATA_FLAGS = 8;
export const KVM_CLOCK_DATA_PAD0 = 12;
export const KVM_CLOCK_DATA_REALTIME = 16;
export const KVM_CLOCK_DATA_HOST_TSC = 24;
export const KVM_CLOCK_DATA_PAD = 32;
export const KVM_CLOCK_DATA_BYTES = 48;

/** From GET: the master clock is in use, so that every vCPU shows this same clock. */
export const KVM_CLOCK_TSC_STABLE = 2;
/** From GET: `realtime` is filled. To SET: add the realtime that passed since it was. */
export const KVM_CLOCK_REALTIME = 4;
/** From GET: `host_tsc` is filled, at the same instant as `clock` and `realtime`. */
export const KVM_CLOCK_HOST_TSC = 8;
/** Flags that SET takes without -EINVAL; all but KVM_CLOCK_REALTIME are ignored there. */
export const KVM_CLOCK_VALID_FLAGS = KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;

/**
 * What KVM_GET_CLOCK and KVM_SET_CLOCK exchange with the VMM. It lies in the VMM's own memory, not
 * in guest RAM; `both` means the kernel in GET and the VMM in SET.
 */
export const KVM_CLOCK_DATA: RecordLayout = {
  name: 'kvm_clock_data',
  size: KVM_CLOCK_DATA_BYTES,
  alignment: { required: 1, documented: 1 },
  fields: [
    {
      name: 'clock',
      offset: KVM_CLOCK_DATA_CLOCK,
      size: 8,
      writtenBy: 'both',
      doc: 'kvmclock, ns.',
    },
    {
      name: 'flags',
      offset: KVM_CLOCK_DATA_FLAGS,
      size: 4,
      reservedBits: 0xffff_fff1n,
      writtenBy: 'both',
      doc: 'KVM_CLOCK_*. A reserved bit in SET is refused with -EINVAL.',
    },
    { name: 'pad0', offset: KVM_CLOCK_DATA_PAD0, size: 4, writtenBy: 'host', doc: 'Unused.' },
    {
      name: 'realtime',
      offset: KVM_CLOCK_DATA_REALTIME,
      size: 8,
      writtenBy: 'both',
      doc: 'Host CLOCK_REALTIME at the same instant, ns since 1970.',
    },
    {
      name: 'host_tsc',
      offset: KVM_CLOCK_DATA_HOST_TSC,
      size: 8,
      writtenBy: 'both',
      doc: 'Host TSC at the same instant.',
    },
    { name: 'pad', offset: KVM_CLOCK_DATA_PAD, size: 16, writtenBy: 'host', doc: 'Unused.' },
  ],
  doc: "The VM's clock, and the host's clocks at the same instant.",
  source: 'include/uapi/linux/kvm.h',
};
