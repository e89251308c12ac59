import type { RecordLayout } from './layout.ts';

/** Offsets in `struct kvm_vcpu_pv_apf_data`, bytes. */
export const KVM_VCPU_PV_APF_DATA_FLAGS = 0;
export const KVM_VCPU_PV_APF_DATA_TOKEN = 4;
export const KVM_VCPU_PV_APF_DATA_PAD = 8;
export const KVM_VCPU_PV_APF_DATA_BYTES = 64;

/** Bytes that the host binds and writes, from the start: `flags` and `token`. */
export const KVM_VCPU_PV_APF_DATA_BOUND_BYTES = 8;

/**
 * Where old headers and the old documentation have a 32-bit `enabled`: behind the 64-byte area. It
 * was the guest's own note; the host neither reads nor writes it.
 */
export const KVM_VCPU_PV_APF_DATA_OLD_ENABLED = 64;

/** `flags`: the #PF being delivered says that a page is not present, and CR2 holds its token. */
export const KVM_PV_REASON_PAGE_NOT_PRESENT = 1;
/** `flags` of the dead protocol that delivered page-ready by #PF. No longer sent. */
export const KVM_PV_REASON_PAGE_READY = 2;

/** Token that wakes every sleeper of the vCPU. The kernel writes it as ~0 and has no name for it. */
export const KVM_ASYNC_PF_TOKEN_WAKE_ALL = 0xffff_ffff;
/** A token is a sequence number, never 0 in its 20 bits, above this many bits of vCPU id. */
export const KVM_ASYNC_PF_TOKEN_VCPU_BITS = 12;

/** Mailbox of asynchronous page faults, at the address in `MSR_KVM_ASYNC_PF_EN`. */
export const KVM_VCPU_PV_APF_DATA: RecordLayout = {
  name: 'kvm_vcpu_pv_apf_data',
  size: KVM_VCPU_PV_APF_DATA_BYTES,
  alignment: { required: 64, documented: 64 },
  fields: [
    {
      name: 'flags',
      offset: KVM_VCPU_PV_APF_DATA_FLAGS,
      size: 4,
      reservedBits: 0xffff_fffen,
      writtenBy: 'both',
      doc: 'Set by the host just before it injects a page-not-present #PF, cleared by the guest first thing in its handler; 0 in a #PF means a real one.',
    },
    {
      name: 'token',
      offset: KVM_VCPU_PV_APF_DATA_TOKEN,
      size: 4,
      writtenBy: 'both',
      doc: 'Token of the page that is ready, written before the interrupt. The guest zeroes it and then acknowledges; the host never writes over a nonzero one.',
    },
    {
      name: 'pad',
      offset: KVM_VCPU_PV_APF_DATA_PAD,
      size: 56,
      writtenBy: 'nobody',
      doc: 'Unused.',
    },
  ],
  doc: 'What the host tells one vCPU about pages that are missing and pages that came back.',
  source: 'arch/x86/include/uapi/asm/kvm_para.h',
};
