/** A small fast generator (xorshift32) for pacing and for drawing patterns: 32 bits of state. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Zero is the generator's fixed point.
    this.#state = seed | 0 || 0x9e3779b9;
  }

  /** Uniform in [0, 2^32). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** Uniform in [0, bound), for bounds well below 2^32. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** True one time in `bound`. */
  sometimes(bound: number): boolean {
    return this.next() % bound === 0;
  }

  /** The same as {@link below}: threads keep every pace. */
  pace(bound: number): number {
    return this.next() % bound;
  }
}

/** Mixes strings and numbers into 32 bits, so that every thread of every run has a seed of its own. */
export function hashSeed(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (const character of `${part}\0`) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
    }
  }
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}
