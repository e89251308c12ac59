import type { FailureCode } from '../result.ts';
import type { InstanceOptions } from './instance.ts';
import type { ModelName } from './models/memory-model.ts';

/** What a worker that explores is told: plain, so that it crosses threads. */
export interface ControlledTask extends InstanceOptions {
  readonly scenario: string;
  readonly mutant: string | undefined;
  /** URL of the user's guest module. */
  readonly guest: string | undefined;
  readonly model: ModelName;
  /** Invariants whose checks are left out. */
  readonly without?: readonly string[] | undefined;
  /** Where worker and supervisor tell each other how it goes. */
  readonly board: SharedArrayBuffer;
}

/** What comes back: a result, or why there is none. */
export type ControlledReport<Result> =
  | { readonly kind: 'result'; readonly result: Result; readonly seconds: number }
  | {
      readonly kind: 'failure';
      readonly code: FailureCode;
      readonly thread: string;
      readonly message: string;
    }
  /** It was told to stop and did not in time: its worker was ended, and what it had is on the board. */
  | { readonly kind: 'ended'; readonly seconds: number };

/** Bytes of the words for stop, pulses, and who is at work. */
const FLAG_BYTES = 16;
/** Numbers that a worker shows while it works. */
const FIGURES = 8;

/** What a worker and its supervisor tell each other while an exploration goes on. */
export class Board {
  readonly #flags: Int32Array;
  readonly #figures: Float64Array;

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(FLAG_BYTES + FIGURES * 8);
  }

  constructor(board: SharedArrayBuffer) {
    this.#flags = new Int32Array(board, 0, FLAG_BYTES / 4);
    this.#figures = new Float64Array(board, FLAG_BYTES, FIGURES);
  }

  /** Supervisor: ends the exploration. */
  stop(): void {
    this.#flags[0] = 1;
  }
  get stopped(): boolean {
    return this.#flags[0] !== 0;
  }

  /** Worker: a program, or the import of a module, is about to run, or came back. */
  pulse(running: boolean): void {
    this.#flags[1]!++;
    this.#flags[2] = running ? 1 : 0;
  }
  get pulses(): number {
    return this.#flags[1]!;
  }
  /** Whether a program is at work, and not the engine. */
  get running(): boolean {
    return this.#flags[2] !== 0;
  }

  show(figures: readonly number[]): void {
    for (const [at, figure] of figures.entries()) this.#figures[at] = figure;
  }
  figure(at: number): number {
    return this.#figures[at]!;
  }
}
