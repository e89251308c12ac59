const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const U32 = 1n << 32n;
const BIT_31 = 1n << 31n;

/** Multiplier and shift that a pvclock area publishes: ns = (ticks << shift) × mul / 2^32. */
export interface TimeScale {
  /** In [2^31, 2^32) for every frequency of a pvclock. */
  readonly mul: number;
  /** Positive shifts ticks left, negative right. */
  readonly shift: number;
}

/**
 * Multiplier and shift that turn ticks of `baseHz` into ticks of `scaledHz`, both in (0, 2^64).
 * Source: `kvm_get_time_scale`.
 */
export function timeScale(scaledHz: bigint, baseHz: bigint): TimeScale {
  let shift = 0;
  let base = baseHz;
  let scaled = scaledHz;
  while (base > scaledHz * 2n || base >= U32) {
    base >>= 1n;
    shift--;
  }
  while (base <= scaled || scaled >= U32) {
    if (scaled >= U32 || base >= BIT_31) scaled >>= 1n;
    else base <<= 1n;
    shift++;
  }
  return { mul: Number((scaled << 32n) / base), shift };
}

/** The scale of a TSC that runs at `kHz`. */
export function tscTimeScale(kHz: number): TimeScale {
  return timeScale(NANOSECONDS_PER_SECOND, BigInt(kHz) * 1000n);
}
