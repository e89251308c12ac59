import type { Gpa } from '../memory/memory-port.ts';

/** Result of CPUID, each register as an unsigned 32-bit number. */
export interface CpuidResult {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/**
 * The port that a guest program sees: the x86 steps that touch what vCPUs share.
 *
 * Everything else a guest knows is a function of what these methods returned, so the same function
 * runs on every engine. 8, 16 and 32-bit values are unsigned numbers, 64-bit values bigints in
 * [0, 2^64), addresses guest-physical ({@link Gpa}).
 *
 * A naturally aligned access of 8 to 64 bits is one step and single-copy atomic; a misaligned one is
 * its naturally aligned pieces, one step each. At any step boundary a pending kick, request or
 * interrupt may take the vCPU out of guest mode, and an interrupt handler of the guest may run.
 * An access to a GPA that no memslot backs throws `UnbackedGpa`.
 */
export interface Vcpu {
  /** This vCPU's number, which is also its APIC id. */
  readonly id: number;
  /** RFLAGS.IF, as PUSHF tells it: whether interrupts are on. */
  readonly interruptFlag: boolean;

  load8(gpa: Gpa): number;
  load16(gpa: Gpa): number;
  load32(gpa: Gpa): number;
  load64(gpa: Gpa): bigint;
  store8(gpa: Gpa, value: number): void;
  store16(gpa: Gpa, value: number): void;
  store32(gpa: Gpa, value: number): void;
  store64(gpa: Gpa, value: bigint): void;

  /**
   * BTR without LOCK on bit `bit` of the bit string at `gpa`: clears it and returns whether it was
   * set. One instruction against this vCPU's own exits and interrupts, but not against other CPUs.
   * Touches only the byte that holds the bit.
   */
  testAndClear(gpa: Gpa, bit: number): boolean;
  /** AND without LOCK: local-atomic like {@link testAndClear}. */
  and8(gpa: Gpa, mask: number): void;
  and32(gpa: Gpa, mask: number): void;
  /** OR without LOCK: local-atomic like {@link testAndClear}. */
  or8(gpa: Gpa, mask: number): void;
  or32(gpa: Gpa, mask: number): void;

  /** LOCK-prefixed: atomic against every CPU, full fence; they return the old value. */
  lockXchg8(gpa: Gpa, value: number): number;
  lockXchg32(gpa: Gpa, value: number): number;
  lockXchg64(gpa: Gpa, value: bigint): bigint;
  lockCmpxchg8(gpa: Gpa, expected: number, replacement: number): number;
  lockCmpxchg32(gpa: Gpa, expected: number, replacement: number): number;
  lockCmpxchg64(gpa: Gpa, expected: bigint, replacement: bigint): bigint;
  lockAnd32(gpa: Gpa, mask: number): number;
  lockOr32(gpa: Gpa, mask: number): number;
  lockAdd32(gpa: Gpa, addend: number): number;
  lockAdd64(gpa: Gpa, addend: bigint): bigint;

  /** Load-load barrier: nothing on x86, an acquire fence elsewhere. */
  rmb(): void;
  /** Store-store barrier: nothing on x86, a release fence elsewhere. */
  wmb(): void;
  /** Full fence. */
  mb(): void;
  /** Keeps the compiler, not the CPU, from reordering. */
  compilerBarrier(): void;

  /** RDTSC: may be sampled as early as the last fence or locked operation before it. */
  rdtsc(): bigint;
  /** LFENCE; RDTSC: not before any earlier load. */
  rdtscOrdered(): bigint;

  cpuid(leaf: number): CpuidResult;
  /** RDMSR. @throws GeneralProtectionFault */
  rdmsr(index: number): bigint;
  /** WRMSR. @throws GeneralProtectionFault */
  wrmsr(index: number, value: bigint): void;
  /** WRMSR with the #GP caught: false if it faulted. */
  wrmsrSafe(index: number, value: bigint): boolean;
  /** VMCALL from 64-bit mode, CPL 0: what the host left in RAX, as a signed number. */
  vmcall(nr: number, a0?: bigint, a1?: bigint, a2?: bigint, a3?: bigint): bigint;

  /** Writes the APIC's EOI register: one VM exit. */
  apicEoi(): void;
  cli(): void;
  sti(): void;
  /** Halts until an interrupt or a kick; with interrupts off only a kick wakes it. */
  hlt(): void;
  /** STI; HLT: no interrupt comes between the two, and one that waits ends the halt. */
  safeHalt(): void;
  /** PAUSE, and a promise: this spin iteration leaves nothing behind. */
  relax(): void;
}

/** An interrupt handler of the guest. Runs with interrupts off; returning is the IRET. */
export type InterruptHandler = (cpu: Vcpu, vector: number) => void;
