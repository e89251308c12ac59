/**
 * MSR accesses that KVM passes to the VMM (KVM_CAP_X86_USER_SPACE_MSR).
 *
 * Source: include/uapi/linux/kvm.h.
 */

/** Exit reasons of `struct kvm_run`. */
export const KVM_EXIT_X86_RDMSR = 29;
export const KVM_EXIT_X86_WRMSR = 30;

/** Why: KVM knows the MSR and refuses the access. */
export const KVM_MSR_EXIT_REASON_INVAL = 1 << 0;
/** Why: KVM does not know the MSR. */
export const KVM_MSR_EXIT_REASON_UNKNOWN = 1 << 1;
/** Why: the VMM's filter denies it. */
export const KVM_MSR_EXIT_REASON_FILTER = 1 << 2;
