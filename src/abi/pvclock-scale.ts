/**
 * Ticks to nanoseconds, the one piece of arithmetic that host and guest must do alike: shift, then
 * multiply, then drop 32 bits.
 *
 * The product has 96 bits. Cut to 64 it would wrap after about 4.3 s without an update.
 *
 * @param delta TSC ticks since `tsc_timestamp`, in [0, 2^64)
 * @param mul `tsc_to_system_mul`, unsigned
 * @param shift `tsc_shift`, signed: sign-extend the byte first
 * @returns ns modulo 2^64
 *
 * Source: `pvclock_scale_delta`.
 */
export function scaleDelta(delta: bigint, mul: number, shift: number): bigint {
  const shifted = shift < 0 ? delta >> BigInt(-shift) : BigInt.asUintN(64, delta << BigInt(shift));
  return BigInt.asUintN(64, (shifted * BigInt(mul)) >> 32n);
}
