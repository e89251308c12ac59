const LOW_HALF = 0xffff_ffffn;

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
  // In two halves, each product below 2^64: V8 then computes in machine words and allocates nothing.
  const factor = BigInt(mul);
  const low = BigInt.asUintN(64, (shifted & LOW_HALF) * factor);
  const high = BigInt.asUintN(64, (shifted >> 32n) * factor);
  return BigInt.asUintN(64, high + (low >> 32n));
}
