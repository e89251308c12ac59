import type { HostAddress } from '../../memory/memory-port.ts';
import { BARRIER_BYTES } from '../../memory/wait.ts';
import { MAX_OUTCOMES } from '../../scenarios/check-definition.ts';

/** What the supervisor tells all threads, in {@link ControlMap.phase}. */
export const PHASE_PREPARE = 0;
export const PHASE_CANARY = 1;
export const PHASE_RACE = 2;
/** Everybody comes to the end of the step at hand. */
export const PHASE_END = 3;
/** All are past their last step: programs judge what is left. */
export const PHASE_FINISH = 4;

/** What a thread tells the supervisor, in its state word. */
export const THREAD_LOADING = 0;
export const THREAD_PREPARING = 1;
export const THREAD_READY = 2;
/** The canary is over for this thread. */
export const THREAD_MEASURED = 3;
export const THREAD_RACING = 4;
/** Past its last step, which it came to the end of. */
export const THREAD_RACED = 5;
export const THREAD_DONE = 6;

/** Where a run keeps what supervisor and threads tell each other, a cache line or more apart. */
export interface ControlMap {
  /** Non-zero: everybody is to stop. */
  readonly stop: HostAddress;
  readonly phase: HostAddress;
  /** Non-zero: the canary is over. */
  readonly canaryStop: HostAddress;
  /** The word that the canary's threads race for. */
  readonly canaryWord: HostAddress;
  /** Order in which threads reported a broken invariant. */
  readonly claims: HostAddress;
  readonly roundBarrier: HostAddress;
  /** Threads that have done their share of the operations. */
  readonly finished: HostAddress;
  readonly threads: HostAddress;
  readonly ledger: HostAddress;
  readonly end: HostAddress;
}

/** One thread's block: offsets from `ControlMap.threads + index * THREAD_BYTES`. */
export const THREAD_STATE = 0;
/** 1 + index of the role that runs now, 0 for none. */
export const THREAD_ROLE = 4;
/** Float64: operations so far. */
export const THREAD_OPERATIONS = 8;
/** 1 where the program has something to say after its last step. */
export const THREAD_FINISHES = 16;
/** Float64 per outcome. */
export const THREAD_OUTCOMES = 64;
export const THREAD_BYTES = THREAD_OUTCOMES + MAX_OUTCOMES * 8;

const LINE = 64;

/** Places the control block of a run with `threads` threads from `start` on. */
export function mapControl(start: HostAddress, threads: number, ledgerBytes: number): ControlMap {
  let next = Math.ceil(start / LINE) * LINE;
  const take = (bytes: number): HostAddress => {
    const address = next;
    next += Math.ceil(bytes / LINE) * LINE;
    return address;
  };
  return {
    stop: take(LINE),
    phase: take(LINE),
    canaryStop: take(LINE),
    canaryWord: take(LINE),
    claims: take(LINE),
    roundBarrier: take(BARRIER_BYTES),
    finished: take(LINE),
    threads: take(threads * THREAD_BYTES),
    ledger: take(ledgerBytes),
    end: next,
  };
}
