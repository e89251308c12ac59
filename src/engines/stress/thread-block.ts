import { RunStopped } from '../../cpu/faults.ts';
import type { HostAddress } from '../../memory/memory-port.ts';
import type { SharedMemory } from '../../memory/shared-memory.ts';
import { loadControl, storeControl, waitWhile } from '../../memory/wait.ts';
import { MAX_OUTCOMES } from '../../scenarios/check-definition.ts';
import {
  type ControlMap,
  PHASE_END,
  THREAD_BYTES,
  THREAD_FINISHES,
  THREAD_OPERATIONS,
  THREAD_OUTCOMES,
  THREAD_ROLE,
  THREAD_STATE,
} from './control.ts';

/** How long a thread sleeps at a time while it waits for the supervisor. */
const PHASE_MILLISECONDS = 10;

/** What one thread of a run and its supervisor tell each other. */
export class ThreadBlock {
  readonly #memory: SharedMemory;
  readonly #control: ControlMap;
  readonly #block: HostAddress;
  /** How often each outcome was seen, by its place in the scenario's table. */
  readonly outcomes: Float64Array;
  readonly #operations: Float64Array;
  /** Whether everybody is to stop. */
  readonly stopped: () => boolean;

  constructor(memory: SharedMemory, control: ControlMap, index: number) {
    const block = control.threads + index * THREAD_BYTES;
    const { buffer } = memory.u8;
    this.#memory = memory;
    this.#control = control;
    this.#block = block;
    this.outcomes = new Float64Array(buffer, block + THREAD_OUTCOMES, MAX_OUTCOMES);
    this.#operations = new Float64Array(buffer, block + THREAD_OPERATIONS, 1);
    this.stopped = () => loadControl(memory, control.stop) !== 0;
  }

  /** How far the thread has come: one of `THREAD_*`. */
  get state(): number {
    return loadControl(this.#memory, this.#block + THREAD_STATE);
  }
  tell(state: number): void {
    storeControl(this.#memory, this.#block + THREAD_STATE, state);
  }
  /** Whether its program has something to say after its last step. */
  get finishes(): boolean {
    return loadControl(this.#memory, this.#block + THREAD_FINISHES) !== 0;
  }
  set finishes(finishes: boolean) {
    storeControl(this.#memory, this.#block + THREAD_FINISHES, finishes ? 1 : 0);
  }
  /** How many operations it has done. */
  get operations(): number {
    return this.#operations[0]!;
  }
  set operations(done: number) {
    this.#operations[0] = done;
  }

  /** Where in the memory's 32-bit words the thread tells which role runs. */
  get roleWord(): number {
    return (this.#block + THREAD_ROLE) >>> 2;
  }
  /** 1 + index of the role that runs, 0 for none. */
  get role(): number {
    return loadControl(this.#memory, this.#block + THREAD_ROLE);
  }

  /** Whether everybody comes to the end of the step at hand. */
  get ends(): boolean {
    return loadControl(this.#memory, this.#control.phase) >= PHASE_END;
  }

  /** Waits until the supervisor begins a phase. @throws RunStopped if the run is over */
  awaitPhase(phase: number): void {
    const { phase: word } = this.#control;
    for (;;) {
      if (this.stopped()) throw new RunStopped();
      const now = loadControl(this.#memory, word);
      if (now >= phase) return;
      waitWhile(this.#memory, word, now, PHASE_MILLISECONDS);
    }
  }
}

/** The blocks of all threads of a run, by their places. */
export function blocksOf(
  memory: SharedMemory,
  control: ControlMap,
  threads: number,
): readonly ThreadBlock[] {
  return Array.from({ length: threads }, (_, index) => new ThreadBlock(memory, control, index));
}
