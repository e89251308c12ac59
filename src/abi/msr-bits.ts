/**
 * What the bits of the MSR values mean. Bigints, because MSR values are 64 bits wide.
 *
 * Source: arch/x86/include/uapi/asm/kvm_para.h.
 */

/** Every bit of an MSR value. */
const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/** Enable bit of the two system time MSRs, STEAL_TIME and PV_EOI_EN. */
export const KVM_MSR_ENABLED = 1n;

/** ASYNC_PF_EN: asynchronous page faults on. Without KVM_ASYNC_PF_DELIVERY_AS_INT nothing is delivered. */
export const KVM_ASYNC_PF_ENABLED = 1n << 0n;
/** ASYNC_PF_EN: also when the fault came from CPL 0. */
export const KVM_ASYNC_PF_SEND_ALWAYS = 1n << 1n;
/** ASYNC_PF_EN: in a nested guest, deliver to the hypervisor below it as a #PF exit. */
export const KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT = 1n << 2n;
/** ASYNC_PF_EN: page-ready comes as the interrupt named in ASYNC_PF_INT. */
export const KVM_ASYNC_PF_DELIVERY_AS_INT = 1n << 3n;
/** ASYNC_PF_EN: bits 5:4, reserved. The kernel checks them as a plain 0x30. */
export const KVM_ASYNC_PF_RESERVED_MASK = 0x30n;
/** ASYNC_PF_EN: bits 63:6, the address of the 64-byte area. */
export const KVM_ASYNC_PF_ADDRESS_MASK = ALL_BITS & ~0x3fn;

/** ASYNC_PF_INT: bits 7:0, the vector. The rest is reserved. */
export const KVM_ASYNC_PF_VEC_MASK = 0xffn;
export const KVM_ASYNC_PF_INT_RESERVED_MASK = ALL_BITS & ~KVM_ASYNC_PF_VEC_MASK;

/** ASYNC_PF_ACK: the page-ready token is consumed and its word zeroed; the other bits mean nothing. */
export const KVM_ASYNC_PF_ACKNOWLEDGE = 1n;

/** STEAL_TIME: reserved bits between the enable bit and the address. */
export const KVM_STEAL_ALIGNMENT_BITS = 5n;
/** STEAL_TIME: bits 63:6, the address. */
export const KVM_STEAL_VALID_BITS = BigInt.asUintN(64, -1n << (KVM_STEAL_ALIGNMENT_BITS + 1n));
/** STEAL_TIME: bits 5:1. */
export const KVM_STEAL_RESERVED_MASK = ((1n << KVM_STEAL_ALIGNMENT_BITS) - 1n) << 1n;

/** SYSTEM_TIME: bits 63:1, the address. Bit 1 is part of it, so 2-byte alignment is accepted. */
export const KVM_SYSTEM_TIME_ADDRESS_MASK = ALL_BITS & ~KVM_MSR_ENABLED;
/** WALL_CLOCK: the whole value is the address, odd ones included; 0 means none. */
export const KVM_WALL_CLOCK_ADDRESS_MASK = ALL_BITS;

/** PV_EOI_EN: bit 1, reserved even while the enable bit is clear: the address is 4-byte aligned. */
export const KVM_PV_EOI_RESERVED_MASK = 1n << 1n;
/** PV_EOI_EN: bits 63:2, the address. */
export const KVM_PV_EOI_ADDRESS_MASK = ALL_BITS & ~3n;

/** POLL_CONTROL: the host may poll before it blocks a halted vCPU. */
export const KVM_POLL_CONTROL_ENABLED = 1n;
export const KVM_POLL_CONTROL_RESERVED_MASK = ALL_BITS & ~KVM_POLL_CONTROL_ENABLED;

/** MIGRATION_CONTROL: the guest may be migrated. The only bit with a meaning. */
export const KVM_MIGRATION_READY = 1n << 0n;
export const KVM_MIGRATION_RESERVED_MASK = ALL_BITS & ~KVM_MIGRATION_READY;
