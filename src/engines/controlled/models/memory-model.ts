import type { Automaton } from '../automaton.ts';
import type { FenceSteps } from '../recording.ts';

/** The memory models by name. */
export type ModelName = 'sc' | 'tso' | 'weak';

/** What the state of a machine is made of. */
export interface StateShape {
  readonly threads: number;
  /** Shared memory before the first step, by cell. */
  readonly cells: Int32Array;
  /** The cell that is the upper half of another one wherever that is accessed 64 bits wide, or −1. */
  readonly upperOf: Int32Array;
  /** Which cells are the checker's. */
  readonly ghost: Uint8Array;
  /** How often the clock advances. */
  readonly clockSteps: number;
}

/**
 * How memory behaves: which answers a step may get, and what it does to the state of the machine.
 *
 * A state is a row of 32-bit words. {@link nodes} says where each thread is in its automaton; the rest
 * is the model's. One state is at hand at a time; `load` and `pack` bring it in and out, and every
 * other method works on it.
 */
export interface MemoryModel {
  readonly name: ModelName;
  readonly fences: FenceSteps;
  /** Automaton state of each thread, in the state at hand. */
  readonly nodes: Int32Array;
  /** Words of every packed state, or 0 where they differ. */
  readonly packedLength: number;
  /** Words of the packed state. */
  readonly packed: Int32Array;
  /** Low and high half of the answer of the latest step. */
  readonly answerLow: number;
  readonly answerHigh: number;

  /** The state before the first step. */
  reset(): void;
  /**
   * From now on, states that differ only in what no thread may still look at are packed alike.
   *
   * @param futures of each thread; none where nothing is known of them
   */
  foresee(futures: readonly Future[]): void;
  /** Takes a state from where it was stored. */
  load(words: Int32Array, at: number): void;
  /** Packs the state at hand into {@link packed}; returns how many words it has. */
  pack(): number;

  /** How two threads that are alike stand in the state at hand: 0 where one cannot be told from the other. */
  compare(one: number, other: number): number;
  /** Each of two threads that are alike takes the other's place. */
  swap(one: number, other: number): void;

  /** How many ways there are for a thread to take the step of its state: 0 while it cannot be taken. */
  alternatives(thread: number, automaton: Automaton, node: number): number;
  /** Takes it in one of these ways. */
  take(thread: number, automaton: Automaton, node: number, alternative: number): void;
  /** Carries out a step of the checker. */
  ghost(thread: number, automaton: Automaton, node: number): void;
  /** Whether a step concerns nobody else in this state: it is then taken at once. */
  isLocal(thread: number, automaton: Automaton, node: number): boolean;
  /** A thread has come to its end. */
  retire(thread: number): void;
  /** The word that kicks a vCPU, as the hardware sees it. */
  device(cell: number): number;

  /**
   * Adds to sets of cells those of stores that a thread has made and nobody else sees yet: of what its
   * store buffer drains next, and of all that it holds. Returns whether both are the same: it is empty then.
   */
  buffered(thread: number, next: Int32Array, all: Int32Array): boolean;

  /**
   * Whether a value was dropped that somebody might still have read, for there are too many newer ones: a
   * bound of the model's. Whoever wants to know clears it before.
   */
  dropped: boolean;

  /** What happens by itself: actors after the threads. The clock is the first of them. */
  readonly actors: number;
  /** Whether an actor has something to do. */
  ready(actor: number): boolean;
  act(actor: number): void;
  /** How often the clock has advanced. */
  readonly tick: number;
  /** A cell as the checker sees it, for pictures. */
  valueOf(cell: number): number;
  /** The store that an actor is about to bring to memory; undefined where it is no store buffer. */
  oldest(actor: number): Place | undefined;
}

/** What a thread may still do. */
export interface Future {
  /** How many states of its automaton are known; in others it may do anything. */
  readonly states: number;
  /** Whether the thread, in one of these states, may yet load a cell or store to it, other than by locked operations. */
  mayAccess(state: number, cell: number): boolean;
}

/** A place in shared memory, by cells. */
export interface Place {
  readonly cell: number;
  readonly upperCell: number;
  /** Bits below it in its cell. */
  readonly shift: number;
  readonly bytes: number;
}
