/**
 * Memory as one CPU sees it: byte addresses into the machine's one shared memory.
 *
 * This is the seam between a program and the engine that runs it. On `stress` it is real shared
 * memory; in the controlled engines every call is a step of a recorded memory. Host code speaks it
 * directly (a {@link HostAddress} is what the kernel calls an hva), guests speak it through `Vcpu`,
 * which translates guest-physical addresses first.
 *
 * 8, 16 and 32-bit values are unsigned numbers, 64-bit values are bigints in [0, 2^64).
 * A naturally aligned access is one step and single-copy atomic; a misaligned one is its naturally
 * aligned pieces, lowest address first, one step each. A misaligned locked operation throws
 * {@link MisalignedLockedAccess}.
 */
export interface MemoryPort {
  load8(address: HostAddress): number;
  load16(address: HostAddress): number;
  load32(address: HostAddress): number;
  load64(address: HostAddress): bigint;
  store8(address: HostAddress, value: number): void;
  store16(address: HostAddress, value: number): void;
  store32(address: HostAddress, value: number): void;
  store64(address: HostAddress, value: bigint): void;

  /** LOCK-prefixed instructions: atomic against every CPU and a full fence. They return the old value. */
  lockXchg8(address: HostAddress, value: number): number;
  lockXchg32(address: HostAddress, value: number): number;
  lockXchg64(address: HostAddress, value: bigint): bigint;
  lockCmpxchg8(address: HostAddress, expected: number, replacement: number): number;
  lockCmpxchg32(address: HostAddress, expected: number, replacement: number): number;
  lockCmpxchg64(address: HostAddress, expected: bigint, replacement: bigint): bigint;
  lockAnd32(address: HostAddress, mask: number): number;
  lockOr32(address: HostAddress, mask: number): number;
  lockAdd32(address: HostAddress, addend: number): number;
  lockAdd64(address: HostAddress, addend: bigint): bigint;

  /** Full barrier. On x86 threads: a locked read-modify-write. */
  mb(): void;
  /** Load-load barrier. Emits nothing on x86, an acquire fence elsewhere. */
  rmb(): void;
  /** Store-store barrier. Emits nothing on x86, a release fence elsewhere. */
  wmb(): void;
}

/** A byte offset into the machine's one shared memory: guest RAM first, host RAM after it. */
export type HostAddress = number;

/** A guest-physical address in bytes. */
export type Gpa = number;
