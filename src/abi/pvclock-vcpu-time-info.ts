import type { RecordLayout } from './layout.ts';

/** Offsets in `struct pvclock_vcpu_time_info`, bytes. */
export const PVCLOCK_VERSION = 0;
export const PVCLOCK_PAD0 = 4;
export const PVCLOCK_TSC_TIMESTAMP = 8;
export const PVCLOCK_SYSTEM_TIME = 16;
export const PVCLOCK_TSC_TO_SYSTEM_MUL = 24;
export const PVCLOCK_TSC_SHIFT = 28;
export const PVCLOCK_FLAGS = 29;
export const PVCLOCK_PAD = 30;
export const PVCLOCK_VCPU_TIME_INFO_BYTES = 32;

/** Flag: clocks of different vCPUs may be compared without a guard. Valid only with CPUID bit 24. */
export const PVCLOCK_TSC_STABLE_BIT = 1 << 0;
/** Flag: the vCPU was paused. The host sets it and keeps it set; the guest clears it. */
export const PVCLOCK_GUEST_STOPPED = 1 << 1;
/** Flag that broke the ABI and is dead: reserved, never to be set or honoured. */
export const PVCLOCK_COUNTS_FROM_ZERO = 1 << 2;

/**
 * kvmclock parameters of one vCPU, at the address in `MSR_KVM_SYSTEM_TIME_NEW` or the old
 * index. Only 4-byte alignment is promised and 2-byte alignment accepted, so the two 64-bit fields
 * may straddle 8 bytes and can tear: nothing but the version protects them.
 */
export const PVCLOCK_VCPU_TIME_INFO: RecordLayout = {
  name: 'pvclock_vcpu_time_info',
  size: PVCLOCK_VCPU_TIME_INFO_BYTES,
  alignment: { required: 2, documented: 4 },
  fields: [
    {
      name: 'version',
      offset: PVCLOCK_VERSION,
      size: 4,
      writtenBy: 'host',
      doc: 'Odd while the host writes the record. A read counts if it saw the same even value before and after.',
    },
    { name: 'pad0', offset: PVCLOCK_PAD0, size: 4, writtenBy: 'host', doc: 'Published as 0.' },
    {
      name: 'tsc_timestamp',
      offset: PVCLOCK_TSC_TIMESTAMP,
      size: 8,
      writtenBy: 'host',
      doc: "This vCPU's TSC at the publication.",
    },
    {
      name: 'system_time',
      offset: PVCLOCK_SYSTEM_TIME,
      size: 8,
      writtenBy: 'host',
      doc: 'Guest time at the publication, ns modulo 2^64.',
    },
    {
      name: 'tsc_to_system_mul',
      offset: PVCLOCK_TSC_TO_SYSTEM_MUL,
      size: 4,
      writtenBy: 'host',
      doc: 'ns per shifted tick, times 2^32.',
    },
    {
      name: 'tsc_shift',
      offset: PVCLOCK_TSC_SHIFT,
      size: 1,
      signed: true,
      writtenBy: 'host',
      doc: 'Ticks are shifted left by this before they are multiplied, or right where it is negative.',
    },
    {
      name: 'flags',
      offset: PVCLOCK_FLAGS,
      size: 1,
      reservedBits: 0xfcn,
      writtenBy: 'both',
      doc: 'PVCLOCK_TSC_STABLE_BIT and PVCLOCK_GUEST_STOPPED. The guest only ever clears the latter.',
    },
    { name: 'pad', offset: PVCLOCK_PAD, size: 2, writtenBy: 'host', doc: 'Published as 0.' },
  ],
  doc: 'A line through one (TSC, ns) point, which turns the TSC of one vCPU into guest time.',
  source: 'arch/x86/include/asm/pvclock-abi.h',
};
