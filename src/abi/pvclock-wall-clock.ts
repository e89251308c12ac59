import type { RecordLayout } from './layout.ts';

/** Offsets in `struct pvclock_wall_clock`, bytes. */
export const PVCLOCK_WALL_CLOCK_VERSION = 0;
export const PVCLOCK_WALL_CLOCK_SEC = 4;
export const PVCLOCK_WALL_CLOCK_NSEC = 8;
export const PVCLOCK_WALL_CLOCK_BYTES = 12;

/**
 * What a write of `MSR_KVM_WALL_CLOCK_NEW` or the old index puts at the written address: the
 * realtime at which the guest's clock read 0. The address has no enable bit, so it may be odd.
 */
export const PVCLOCK_WALL_CLOCK: RecordLayout = {
  name: 'pvclock_wall_clock',
  size: PVCLOCK_WALL_CLOCK_BYTES,
  alignment: { required: 1, documented: 4 },
  fields: [
    {
      name: 'version',
      offset: PVCLOCK_WALL_CLOCK_VERSION,
      size: 4,
      writtenBy: 'host',
      doc: 'Odd while the host writes the record. A read counts if it saw the same even value before and after.',
    },
    {
      name: 'sec',
      offset: PVCLOCK_WALL_CLOCK_SEC,
      size: 4,
      writtenBy: 'host',
      doc: 'Whole seconds since 1970, modulo 2^32.',
    },
    {
      name: 'nsec',
      offset: PVCLOCK_WALL_CLOCK_NSEC,
      size: 4,
      writtenBy: 'host',
      doc: 'The rest, ns, below 1 000 000 000.',
    },
  ],
  doc: 'Realtime minus kvmclock, taken when the MSR was written.',
  source: 'arch/x86/include/asm/pvclock-abi.h',
};
