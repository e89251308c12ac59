import type { HostAddress } from '../../memory/memory-port.ts';

/** What a step does. Loads, cmpxchg and the other locked operations are answered by the old value. */
export const STEP_LOAD = 0;
export const STEP_STORE = 1;
export const STEP_XCHG = 2;
export const STEP_CMPXCHG = 3;
export const STEP_AND = 4;
export const STEP_OR = 5;
export const STEP_ADD = 6;
/** Full fence. */
export const STEP_MB = 7;
/** Acquire fence. */
export const STEP_RMB = 8;
/** Release fence. */
export const STEP_WMB = 9;
/** RDTSC: answered by how often the shared tick has advanced, now or at any time since the last fence. */
export const STEP_TSC = 10;
/** LFENCE; RDTSC: answered by how often the shared tick has advanced by now. */
export const STEP_TSC_ORDERED = 11;
/** A choice among `low` possibilities that the scenario leaves open. */
export const STEP_CHOOSE = 12;
/** Proceeds once the 32-bit word is not zero: a thread that sleeps. */
export const STEP_WAIT = 13;
/** Proceeds once no other thread has a step to take. */
export const STEP_MEET = 14;
/** An instruction boundary of the guest before something that is no step: an exit may come here. */
export const STEP_BOUNDARY = 15;
/** The shared tick advances: the step of the clock. */
export const STEP_TICK = 16;
/** The program has come to its end. */
export const STEP_END = 17;
/** The checker found an invariant broken. */
export const STEP_VIOLATION = 18;
/** The program goes on, but nobody looks how: it has taken too many steps in one call. */
export const STEP_BEYOND = 19;

/** Whether an exit from guest mode may take the place of a step. */
export const EXIT_NEVER = 0;
/** If the vCPU's kick word is not zero. */
export const EXIT_IF_KICKED = 1;
export const EXIT_AT_ANY_TIME = 2;

/** One step that a program wants to take next: everything an engine needs to take it. */
export interface Step {
  readonly op: number;
  /** Host address, a multiple of `bytes`. */
  readonly address: HostAddress;
  readonly bytes: number;
  /** What is stored, exchanged, compared, masked or added, as two 32-bit halves. */
  readonly low: number;
  readonly high: number;
  /** What a cmpxchg stores if it finds what it expects. */
  readonly low2: number;
  readonly high2: number;
  /** Ledger accesses: sequentially consistent under every model, and nobody comes between. */
  readonly ghost: boolean;
  /** Others may come before it all the same: the checker looks again and again, and relaxes in between. */
  readonly waits: boolean;
  readonly exits: number;
  /** Address of the kick word that `exits` speaks of. */
  readonly kick: HostAddress;
  /** Whether the guest takes it, for pictures. */
  readonly guest: boolean;
}

/** Whether two steps do the same. */
export function sameStep(a: Step, b: Step): boolean {
  return (
    a.op === b.op &&
    a.address === b.address &&
    a.bytes === b.bytes &&
    a.low === b.low &&
    a.high === b.high &&
    a.low2 === b.low2 &&
    a.high2 === b.high2 &&
    a.ghost === b.ghost &&
    a.exits === b.exits
  );
}

/** Whether a step may change memory. */
export function mayStore(op: number): boolean {
  return op >= STEP_STORE && op <= STEP_ADD;
}

/** Whether a step is a locked operation: a full fence besides what it does. */
export function isLocked(op: number): boolean {
  return op >= STEP_XCHG && op <= STEP_ADD;
}

/** Whether a step reads or writes memory. */
export function isAccess(op: number): boolean {
  return op <= STEP_ADD;
}

/** Whether all that a step's answer says is that it was taken. */
export function answersNothing(op: number): boolean {
  return op === STEP_STORE || (op >= STEP_MB && op <= STEP_WMB) || op >= STEP_WAIT;
}
