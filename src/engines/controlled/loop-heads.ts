import { type Automaton, NONE } from './automaton.ts';
import type { ThreadProgram } from './program.ts';
import type { Recorder } from './recorder.ts';
import type { Answers } from './recording.ts';
import { type Step, sameStep } from './step.ts';
import { keeping } from './trial-run.ts';

/**
 * Where a thread has been: a step that is taken again from the same place of the program, in the same
 * call, with the same private memory, may be the head of a loop.
 *
 * Places are call sites. Finding one out costs more than a step, so that is done only where a step comes
 * again; for states on the way by another run.
 */
export class LoopHeads {
  readonly #name: string;
  readonly #automaton: Automaton;
  readonly #program: ThreadProgram;
  readonly #recorder: Recorder;
  readonly #numbers = new Map<string, number>();
  readonly #sites: string[] = [''];
  /** Of each state: the call that it is in, its private memory and registers, and how many answers lead to it. */
  readonly #scopes: number[] = [];
  readonly #digests: number[] = [];
  readonly #registers: number[] = [];
  readonly #depths: number[] = [];
  /** Steps that came again in the same call: where they are is noted at once. */
  readonly #comesAgain = new Set<number>();
  /** Where the step at hand is; empty where that was not asked for. */
  site = '';

  constructor(automaton: Automaton, program: ThreadProgram, recorder: Recorder) {
    this.#name = program.name;
    this.#automaton = automaton;
    this.#program = program;
    this.#recorder = recorder;
  }

  /** The number by which an automaton knows the site at hand; 0 for none. */
  get siteNumber(): number {
    return this.site === '' ? 0 : this.#numberOf(this.site);
  }

  /** The place of the step at hand, in words. Of a promise by `relax()` and of a guess it is not the same. */
  get #place(): string {
    const { scope, digest, relaxed } = this.#recorder;
    return `${this.#name} ${scope} ${digest} ${this.site}${relaxed ? ' relaxed' : ''}`;
  }

  /** Notes the state that was just added behind another one. The checker's steps head no loops. */
  note(behind: number, isCheckers: boolean): void {
    this.#scopes.push(isCheckers ? NONE : this.#recorder.scope);
    this.#digests.push(this.#recorder.digest);
    this.#registers.push(this.#recorder.registers());
    this.#depths.push(behind === NONE ? 0 : this.#depths[behind]! + 1);
    this.site = '';
  }

  /**
   * Whether the step at hand may be the head of a loop, as far as is known. While the program is in it:
   * {@link site} is found out if need be.
   */
  mayLoop(step: Step, behind: number): boolean {
    this.site = '';
    for (let state = this.#nearest(step, behind); state !== NONE; ) {
      if (this.site === '') this.site = this.#recorder.site();
      const theirs = this.#automaton.site[state]!;
      if (theirs === 0 || this.#sites[theirs] === this.site) return true;
      state = this.#nearest(step, this.#automaton.parent[state]!);
    }
    if (this.site === '' && this.#comesAgain.has(hashOf(step))) this.site = this.#recorder.site();
    return false;
  }

  /**
   * The head of the innermost loop that comes back to the step at hand; behind it, where what the port
   * keeps is not what it was there, the nearest one where it is.
   *
   * @param answers that led to the step
   */
  candidates(step: Step, behind: number, answers: Answers): readonly LoopHead[] {
    if (this.site === '') return [];
    this.#findSites(step, behind, answers);
    const place = this.#place;
    const registers = this.#recorder.registers();
    const exact = `${place} ${registers}`;
    const found: LoopHead[] = [];
    let state = this.#nearest(step, behind);
    for (; state !== NONE; state = this.#nearest(step, this.#automaton.parent[state]!)) {
      if (this.#sites[this.#automaton.site[state]!] !== this.site) continue;
      if (this.#registers[state] === registers) return [...found, { state, place: exact }];
      if (found.length === 0) found.push({ state, place });
    }
    return found;
  }

  /** The nearest state from which the same step is taken in the same call, with the same private memory. */
  #nearest(step: Step, behind: number): number {
    const { parent, steps } = this.#automaton;
    const { scope, digest } = this.#recorder;
    for (let state = behind; state !== NONE; state = parent[state]!) {
      if (this.#scopes[state] === scope && this.#digests[state] === digest)
        if (sameStep(step, steps[state]!)) return state;
    }
    return NONE;
  }

  /** Finds out where the states on the way are from which this step is taken as well, by another run. */
  #findSites(step: Step, behind: number, answers: Answers): void {
    const { site, parent } = this.#automaton;
    const unknown = new Map<number, (site: string) => void>();
    for (
      let state = this.#nearest(step, behind);
      state !== NONE;
      state = this.#nearest(step, parent[state]!)
    ) {
      if (site[state] !== 0) continue;
      const at = state;
      unknown.set(this.#depths[at]!, (found) => {
        site[at] = this.#numberOf(found);
      });
    }
    if (unknown.size === 0) return;
    this.#comesAgain.add(hashOf(step));
    keeping(this.#recorder, () => {
      this.#recorder.rewind(answers, undefined, unknown);
      this.#program.run();
    });
  }

  #numberOf(site: string): number {
    const known = this.#numbers.get(site);
    if (known !== undefined) return known;
    const number = this.#sites.length;
    this.#sites.push(site);
    this.#numbers.set(site, number);
    return number;
  }
}

/** A state that the step at hand may come back to, and in words which loop that would be. */
export interface LoopHead {
  readonly state: number;
  readonly place: string;
}

/** A small number for what a step does. */
function hashOf({ op, address, low }: Step): number {
  return Math.imul(address, 31) ^ Math.imul(low, 0x85ebca6b) ^ op;
}
