import type { Gpa, HostAddress } from '../memory/memory-port.ts';
import type { Memslots } from '../memory/memslots.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { HostCpu } from './host-cpu.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { Noise } from './noise.ts';
import { SampledVcpu } from './sampled-vcpu.ts';
import { KICK_DELAY, KICK_IPI, KICK_STOP } from './thread-host-cpu.ts';

/** Instructions that may run between the arrival of a kick and its exit, at most: about a microsecond. */
const MOST_STEPS_TO_KICK = 200;

/** A vCPU on a real thread: it exits when its kick word says so, or after a chosen number of steps. */
export class ThreadVcpu extends SampledVcpu {
  /** The kick word alone: a view of one element, whose index and bounds are constants. */
  protected readonly kick: Int32Array<SharedArrayBuffer>;
  readonly #kickAddress: HostAddress;
  #stepsToExit = 0;
  #stepsToKick = -1;
  #stepsToDelay = 0;
  readonly #memory: SharedMemory;
  readonly #noise: Noise;
  readonly #latency: { below(bound: number): number };

  constructor(
    id: number,
    memory: SharedMemory,
    host: HostCpu,
    slots: Memslots,
    hypervisor: Hypervisor,
    kick: HostAddress,
    latency: { below(bound: number): number },
    noise: Noise,
  ) {
    super(id, memory, host, slots, hypervisor);
    this.#latency = latency;
    this.#memory = memory;
    this.#noise = noise;
    this.kick = new Int32Array(memory.i32.buffer, kick, 1);
    this.#kickAddress = kick;
  }

  exitWithin(steps: number): void {
    this.#stepsToExit = 1 + this.#latency.below(steps);
  }

  protected exitPending(): boolean {
    const kick = this.kick[0]!;
    if (kick !== 0) {
      if ((kick & KICK_DELAY) !== 0 && --this.#stepsToDelay <= 0) this.#delay();
      if ((kick & KICK_STOP) !== 0) return true;
      if ((kick & KICK_IPI) !== 0) return this.#kickArrives();
    }
    return this.#stepsToExit !== 0 && --this.#stepsToExit === 0;
  }

  /**
   * Marks one of the next steps for a delay. The kick word carries the mark, so that steps without one
   * pay nothing for it.
   */
  delayAfter(steps: number): void {
    this.#stepsToDelay = steps;
    this.#memory.lockOr32(this.#kickAddress, KICK_DELAY);
  }

  #delay(): void {
    this.#memory.lockAnd32(this.#kickAddress, ~KICK_DELAY);
    this.#noise.delay();
  }

  /**
   * An IPI takes its time: how many more instructions run before it is taken is up to the hardware,
   * here drawn anew for each kick.
   */
  #kickArrives(): boolean {
    if (this.#stepsToKick < 0) this.#stepsToKick = this.#latency.below(MOST_STEPS_TO_KICK);
    return this.#stepsToKick-- === 0;
  }
}

/**
 * The same with plain accesses flattened into one method each: no call into the memory, no
 * translation for RAM at GPA 0. A pvclock read through it costs a fraction more than a bare loop.
 */
export class PlainThreadVcpu extends ThreadVcpu {
  readonly #u8: Uint8Array<SharedArrayBuffer>;
  readonly #u32: Uint32Array<SharedArrayBuffer>;
  readonly #u64: BigUint64Array<SharedArrayBuffer>;
  readonly #slots: Memslots;
  #limit: number;

  constructor(
    id: number,
    memory: SharedMemory,
    host: HostCpu,
    slots: Memslots,
    hypervisor: Hypervisor,
    kick: HostAddress,
    latency: { below(bound: number): number },
    noise: Noise,
  ) {
    super(id, memory, host, slots, hypervisor, kick, latency, noise);
    this.#u8 = memory.u8;
    this.#u32 = memory.u32;
    this.#u64 = memory.u64;
    this.#slots = slots;
    this.#limit = slots.identityLimit();
  }

  protected override entered(): void {
    this.#limit = this.#slots.identityLimit();
  }

  override load8(gpa: Gpa): number {
    if (this.#slow(gpa)) return super.load8(gpa);
    return this.#u8[gpa]!;
  }
  override load32(gpa: Gpa): number {
    if (this.#slow(gpa) || (gpa & 3) !== 0) return super.load32(gpa);
    return this.#u32[gpa >>> 2]!;
  }
  override load64(gpa: Gpa): bigint {
    if (this.#slow(gpa) || (gpa & 7) !== 0) return super.load64(gpa);
    return this.#u64[gpa >>> 3]!;
  }
  override rdtsc(): bigint {
    if (this.kick[0] !== 0) return super.rdtsc();
    return this.readTsc();
  }
  override rdtscOrdered(): bigint {
    if (this.kick[0] !== 0) return super.rdtsc();
    return this.readTsc();
  }
  override store8(gpa: Gpa, value: number): void {
    if (this.#slow(gpa)) super.store8(gpa, value);
    else this.#u8[gpa] = value;
  }
  override store32(gpa: Gpa, value: number): void {
    if (this.#slow(gpa) || (gpa & 3) !== 0) super.store32(gpa, value);
    else this.#u32[gpa >>> 2] = value;
  }
  override store64(gpa: Gpa, value: bigint): void {
    if (this.#slow(gpa) || (gpa & 7) !== 0) super.store64(gpa, value);
    else this.#u64[gpa >>> 3] = value;
  }
  override testAndClear(gpa: Gpa, bit: number): boolean {
    if (this.#slow(gpa) || bit > 7) return super.testAndClear(gpa, bit);
    const old = this.#u8[gpa]!;
    this.#u8[gpa] = old & ~(1 << bit);
    return (old & (1 << bit)) !== 0;
  }

  /** A pending kick, a GPA outside the identity-mapped RAM, or no GPA at all (negative, fractional). */
  #slow(gpa: Gpa): boolean {
    return this.kick[0] !== 0 || gpa >>> 0 !== gpa || gpa >= this.#limit;
  }
}
