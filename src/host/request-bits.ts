/** `KVM_REQ_*`: bits of `vcpu->requests`, in the order in which an entry serves them. */
export const KVM_REQ_MASTERCLOCK_UPDATE = 1 << 0;
export const KVM_REQ_GLOBAL_CLOCK_UPDATE = 1 << 1;
export const KVM_REQ_CLOCK_UPDATE = 1 << 2;
export const KVM_REQ_TLB_FLUSH = 1 << 3;
export const KVM_REQ_APF_HALT = 1 << 4;
export const KVM_REQ_STEAL_UPDATE = 1 << 5;
export const KVM_REQ_APF_READY = 1 << 6;
export const KVM_REQ_EVENT = 1 << 7;
/** Never served: while it is set, no entry succeeds. */
export const KVM_REQ_MCLOCK_INPROGRESS = 1 << 8;
/** A signal for the vCPU's thread: KVM_RUN is to return. Stands for `TIF_SIGPENDING`. */
export const KVM_REQ_USER_EXIT = 1 << 9;
