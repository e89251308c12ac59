/** How a WRMSR handler ends. */
export type MsrResult = typeof MSR_OK | typeof MSR_FAULT | typeof MSR_UNSUPPORTED;
export const MSR_OK = 0;
/** The value is refused: #GP for the guest, end of the list for the host. */
export const MSR_FAULT = 1;
/** KVM knows no such MSR: #GP too, but the host may read 0 and write 0 of an advertised one. */
export const MSR_UNSUPPORTED = 2;
