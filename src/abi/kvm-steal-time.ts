import type { RecordLayout } from './layout.ts';

/** Offsets in `struct kvm_steal_time`, bytes. */
export const KVM_STEAL_TIME_STEAL = 0;
export const KVM_STEAL_TIME_VERSION = 8;
export const KVM_STEAL_TIME_FLAGS = 12;
export const KVM_STEAL_TIME_PREEMPTED = 16;
export const KVM_STEAL_TIME_U8_PAD = 17;
export const KVM_STEAL_TIME_PAD = 20;
export const KVM_STEAL_TIME_BYTES = 64;

/** `preempted`: the vCPU is off its physical CPU. Only the host sets it. */
export const KVM_VCPU_PREEMPTED = 1 << 0;
/** `preempted`: the host is to flush this vCPU's TLB before it runs again. Only guests set it. */
export const KVM_VCPU_FLUSH_TLB = 1 << 1;

/**
 * Steal time of one vCPU, at the address in `MSR_KVM_STEAL_TIME`. Aligned to its size, so that
 * `steal` cannot tear for a 64-bit reader; two 32-bit loads still can.
 */
export const KVM_STEAL_TIME: RecordLayout = {
  name: 'kvm_steal_time',
  size: KVM_STEAL_TIME_BYTES,
  alignment: { required: 64, documented: 64 },
  fields: [
    {
      name: 'steal',
      offset: KVM_STEAL_TIME_STEAL,
      size: 8,
      writtenBy: 'host',
      doc: 'Time the vCPU wanted to run and could not, ns. The host adds to what it finds here.',
    },
    {
      name: 'version',
      offset: KVM_STEAL_TIME_VERSION,
      size: 4,
      writtenBy: 'host',
      doc: 'Odd while the host writes `steal`. It does not cover `preempted`.',
    },
    {
      name: 'flags',
      offset: KVM_STEAL_TIME_FLAGS,
      size: 4,
      reservedBits: 0xffff_ffffn,
      writtenBy: 'nobody',
      doc: 'No flag is defined; 0 in a zeroed area.',
    },
    {
      name: 'preempted',
      offset: KVM_STEAL_TIME_PREEMPTED,
      size: 1,
      reservedBits: 0xfcn,
      writtenBy: 'both',
      doc: 'KVM_VCPU_PREEMPTED by the host; other vCPUs may then add KVM_VCPU_FLUSH_TLB, by cmpxchg. Linux takes any nonzero byte as preempted.',
    },
    { name: 'u8_pad', offset: KVM_STEAL_TIME_U8_PAD, size: 3, writtenBy: 'nobody', doc: 'Unused.' },
    { name: 'pad', offset: KVM_STEAL_TIME_PAD, size: 44, writtenBy: 'nobody', doc: 'Unused.' },
  ],
  doc: 'How long a vCPU waited for a physical CPU, and whether it waits now.',
  source: 'arch/x86/include/uapi/asm/kvm_para.h',
};
