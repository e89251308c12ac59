/** MSR indices. The first two lie outside of KVM's range and are deprecated aliases. */
export const MSR_KVM_WALL_CLOCK = 0x11;
export const MSR_KVM_SYSTEM_TIME = 0x12;
export const MSR_KVM_WALL_CLOCK_NEW = 0x4b56_4d00;
export const MSR_KVM_SYSTEM_TIME_NEW = 0x4b56_4d01;
export const MSR_KVM_ASYNC_PF_EN = 0x4b56_4d02;
export const MSR_KVM_STEAL_TIME = 0x4b56_4d03;
/** MSR_KVM_EOI_EN in the documentation. */
export const MSR_KVM_PV_EOI_EN = 0x4b56_4d04;
export const MSR_KVM_POLL_CONTROL = 0x4b56_4d05;
export const MSR_KVM_ASYNC_PF_INT = 0x4b56_4d06;
export const MSR_KVM_ASYNC_PF_ACK = 0x4b56_4d07;
export const MSR_KVM_MIGRATION_CONTROL = 0x4b56_4d08;

/** First and last index of the range that KVM keeps for itself. */
export const MSR_KVM_RANGE_FIRST = 0x4b56_4d00;
export const MSR_KVM_RANGE_LAST = 0x4b56_4dff;
