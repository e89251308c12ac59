import { VirtualCpu } from './virtual-cpu.ts';

/** TSC samples of one call that are remembered for the checker, a power of two; later ones wrap. */
const SAMPLES = 16;

/** A vCPU as scenarios see it: it remembers its TSC samples, and an exit can be armed. */
export abstract class SampledVcpu extends VirtualCpu {
  readonly #samples = new BigUint64Array(SAMPLES);
  #sampled = 0;
  #first = 0n;

  /** Arms an exit within so many steps from now: the host's timer tick, when is anybody's guess. */
  abstract exitWithin(steps: number): void;

  /** Forgets the TSC samples taken so far. */
  forgetSamples(): void {
    this.#sampled = 0;
  }
  /** How many TSC samples the program took since {@link forgetSamples}. */
  get sampled(): number {
    return this.#sampled;
  }
  /** The TSC sample taken `back` samples before the newest, 0 being the newest. */
  sample(back: number): bigint {
    return this.#samples[(this.#sampled - 1 - back) & (SAMPLES - 1)]!;
  }
  /** The first TSC sample taken since {@link forgetSamples}, however many came after it. */
  get firstSample(): bigint {
    return this.#first;
  }
  /** Of the samples that are remembered: equal where they are. */
  protected get sampleHash(): bigint {
    let hash = BigInt(this.#sampled) ^ (this.#sampled > SAMPLES ? this.#first : 0n);
    for (let back = 0; back < this.remembered; back++)
      hash = BigInt.asUintN(64, hash * 0x9e3779b97f4a7c15n + this.sample(back));
    return hash;
  }
  /** How many of the samples are still remembered. */
  get remembered(): number {
    return Math.min(this.#sampled, SAMPLES);
  }

  protected override sampleTsc(tsc: bigint): bigint {
    if (this.#sampled === 0) this.#first = tsc;
    this.#samples[this.#sampled++ & (SAMPLES - 1)] = tsc;
    return tsc;
  }
}
