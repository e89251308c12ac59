/**
 * Interrupt and exception vectors that the interface uses.
 *
 * Source: arch/x86/include/asm/{trapnr,irq_vectors}.h.
 */

/** General protection: what a refused WRMSR or RDMSR raises, with error code 0. */
export const X86_TRAP_GP = 13;
/** Page fault, real or page-not-present. */
export const X86_TRAP_PF = 14;
/** The vector that Linux guests put into ASYNC_PF_INT. */
export const HYPERVISOR_CALLBACK_VECTOR = 0xf3;
