import { clearLog, logAnswer, logPath, logWalk, newLog } from './answer-log.ts';
import { Automaton, NONE } from './automaton.ts';
import { Guesses, type Withdrawn } from './guesses.ts';
import { LoopHeads } from './loop-heads.ts';
import type { MemoryModel } from './models/memory-model.ts';
import type { Ending, ThreadProgram } from './program.ts';
import type { Recorder } from './recorder.ts';
import type { Answers, Oracle, Violation } from './recording.ts';
import type { Sharing } from './sharing.ts';
import {
  answersNothing,
  EXIT_NEVER,
  STEP_BEYOND,
  STEP_END,
  STEP_MEET,
  STEP_VIOLATION,
  STEP_WAIT,
  type Step,
  sameStep,
} from './step.ts';
import { leadsTo } from './trial-run.ts';

/** Steps that a run learns at the most. */
const MOST_STEPS_AHEAD = 4_000;
/**
 * Steps of one operation that are looked at. Where its loops leave something behind each time round, and
 * so cannot be closed, it may go on for ever.
 */
export const MOST_STEPS_OF_OPERATION = 1_000;
/** Bytes that a state takes here, about: of columns, lists and maps. */
const BYTES_OF_STATE = 600;
/** Walks by which threads that are said to be alike are compared. */
const COMPARED_WALKS = 16;
/** Learns one thread's automaton by running its program. */
export class Learner implements Oracle {
  readonly automaton: Automaton;
  readonly name: string;
  /** For which thread a state is learned: threads that are alike share a learner. */
  thread: number;
  readonly #program: ThreadProgram;
  readonly #recorder: Recorder;
  readonly #memory: MemoryModel;
  readonly #guesses: Guesses;
  readonly #loops: LoopHeads;
  /** Outcomes counted since the latest step that is not the checker's, in words. */
  readonly #counted: string[] = [];
  /** States by all that decides how the thread goes on from them. */
  readonly #identities = new Map<number, number>();
  readonly #ends = new Map<string, number>();
  readonly #violations = new Map<number, Violation>();
  readonly #answers = newLog();
  /** Where the next state is to be added: behind this one, by this answer. */
  #behind = NONE;
  #byExit = false;
  /** How many answers there were up to the latest step that is not the checker's. */
  #answered = 0;
  /** The state that was to be learned, where the program went on behind it; what the machine's was then. */
  #first = NONE;
  readonly #before: Int32Array;
  /** The state that the program stopped in, where it was added before that was known. */
  #stoppedIn = NONE;
  /** The same, where other answers led to it before. */
  #joined = NONE;
  /** All that decides how the program goes on from the step at hand, if that was asked for. */
  #identity = Number.NaN;
  /** Whether an operation was left when it had taken too many steps. */
  endless = false;
  /** Answer of the latest ghost step. */
  low = 0;
  high = 0;

  constructor(
    thread: number,
    program: ThreadProgram,
    recorder: Recorder,
    sharing: Sharing,
    memory: MemoryModel,
    withdrawn: Withdrawn,
  ) {
    this.name = program.name;
    this.automaton = new Automaton(sharing);
    this.thread = thread;
    this.#program = program;
    this.#recorder = recorder;
    this.#memory = memory;
    this.#loops = new LoopHeads(this.automaton, program, recorder);
    this.#guesses = new Guesses(this.automaton, program, recorder, withdrawn);
    this.#before = new Int32Array(memory.packed.length);
  }

  /** Memory that what was learned takes, about. */
  get bytes(): number {
    return this.automaton.size * BYTES_OF_STATE;
  }

  /** Assumptions that merged loops rest on. */
  get assumptions(): readonly string[] {
    return this.#guesses.assumptions;
  }

  /** The broken invariant of a state that says so. */
  violation(state: number): Violation {
    return this.#violations.get(state)!;
  }

  /** Learns the first state. @throws ProgramFailed, SharingGrew */
  root(): number {
    clearLog(this.#answers);
    return this.#learn(NONE, 0, 0, false);
  }

  /**
   * Learns where an answer leads, and adds it. The checker's steps on the way are carried out.
   *
   * @throws ProgramFailed, SharingGrew
   */
  learn(state: number, low: number, high: number, exit: boolean): number {
    clearLog(this.#answers);
    logPath(this.automaton, NONE, state, this.#answers);
    logAnswer(this.#answers, this.automaton.steps[state]!, low, high, exit);
    return this.#learn(state, low, high, exit);
  }

  #learn(state: number, low: number, high: number, exit: boolean): number {
    const recorder = this.#recorder;
    this.#behind = state;
    this.low = low;
    this.high = high;
    this.#byExit = exit;
    this.#answered = this.#answers.steps.length;
    this.#first = NONE;
    this.#stoppedIn = NONE;
    this.#joined = NONE;
    this.#identity = Number.NaN;
    recorder.rewind(this.#answers, this);
    const { dropped } = this.#memory;
    const last = this.#place(this.#program.run());
    if (this.#first === NONE) return last;
    this.#memory.load(this.#before, 0);
    this.#memory.dropped = dropped;
    return this.#first;
  }

  /** A ghost step: it is added as a state, carried out at once, and the program goes on. */
  answer(step: Step): boolean {
    this.#loops.site = '';
    if (this.#isKnown(step)) return false;
    const state = this.#add(step, []);
    this.#memory.ghost(this.thread, this.automaton, state);
    this.#answer(step);
    this.#behind = state;
    return true;
  }

  /**
   * A run costs as much as it has steps. So the program goes on as if nobody came between, and what it
   * does then is learned in the same run; the machine's state is put back afterwards.
   */
  goesOn(step: Step): boolean {
    if (this.#isKnown(step)) return false;
    const mayLoop = this.#loops.mayLoop(step, this.#behind);
    if (step.op === STEP_MEET || step.op === STEP_WAIT || step.waits || this.#recorder.relaxed)
      return false;
    const { automaton } = this;
    if (automaton.size - Math.max(this.#first, 0) > MOST_STEPS_AHEAD && this.#first !== NONE)
      return false;
    // That is looked into when the run is over.
    if (mayLoop) return false;
    if (this.#recorder.stepsOfOperation >= MOST_STEPS_OF_OPERATION) return false;
    const memory = this.#memory;
    const state = this.#add(step, this.#newOutcomes());
    if (this.#first === NONE) {
      this.#first = state;
      memory.pack();
      this.#before.set(memory.packed);
    }
    if (memory.alternatives(this.thread, automaton, state) === 0) {
      this.#stoppedIn = state;
      return false;
    }
    memory.take(this.thread, automaton, state, 0);
    this.#answer(step);
    this.#behind = state;
    this.#answered = this.#answers.steps.length;
    return true;
  }

  /** Passes on the answer that memory gave. */
  #answer(step: Step): void {
    this.#byExit = false;
    this.low = this.#memory.answerLow;
    this.high = this.#memory.answerHigh;
    logAnswer(this.#answers, step, this.low, this.high, false);
  }

  /** Whether other answers led to the same; the program then stops in the state that they led to. */
  #isKnown(step: Step): boolean {
    if (!this.#guesses.joins) return false;
    this.#identity = this.#recorder.identity();
    const known = this.#identities.get(this.#identity);
    if (known === undefined || !sameStep(step, this.automaton.steps[known]!)) return false;
    // What was counted on the way belongs to the next state that is not the checker's.
    if (this.#newOutcomes().join() !== this.#counted[known]) return false;
    this.#joined = known;
    return true;
  }

  /** Adds the state that the program stopped in, unless it is one that is there already. */
  #place(ending: Ending): number {
    if (ending.kind !== 'pending') return this.#placeEnd(ending);
    if (this.#stoppedIn !== NONE) return this.#stoppedIn;
    if (this.#joined !== NONE) {
      this.#join(this.#joined);
      return this.#joined;
    }
    if (this.#recorder.stepsOfOperation >= MOST_STEPS_OF_OPERATION) {
      this.endless = true;
      return this.#add(terminal(STEP_BEYOND), this.#newOutcomes());
    }
    const step = this.#recorder.pending!;
    const head = this.#headOf(step);
    if (head !== NONE) {
      this.#link(head);
      return head;
    }
    return this.#add(step, this.#newOutcomes());
  }

  #join(to: number): void {
    const { low, high } = this;
    this.#guesses.addJoin({ from: this.#behind, low, high, exit: this.#byExit, to });
    this.#link(to);
  }

  #placeEnd(ending: Exclude<Ending, { kind: 'pending' }>): number {
    const outcomes = this.#newOutcomes();
    const key = ending.kind === 'end' ? outcomes.join() : '';
    if (ending.kind === 'end') {
      const known = this.#ends.get(key);
      if (known !== undefined) {
        this.#link(known);
        return known;
      }
    }
    const op = ending.kind === 'end' ? STEP_END : STEP_VIOLATION;
    const state = this.#add(terminal(op), outcomes);
    if (ending.kind === 'end') this.#ends.set(key, state);
    else this.#violations.set(state, ending);
    return state;
  }

  #add(step: Step, outcomes: readonly number[]): number {
    const { automaton } = this;
    const isCheckers = step.ghost && !step.waits;
    const state = automaton.add(
      step,
      isCheckers ? 0 : this.#loops.siteNumber,
      this.#behind,
      this.low,
      this.high,
      this.#byExit,
      outcomes,
    );
    this.#counted.push(this.#newOutcomes().join());
    this.#loops.note(this.#behind, isCheckers);
    if (!Number.isNaN(this.#identity)) this.#identities.set(this.#identity, state);
    this.#identity = Number.NaN;
    this.#link(state);
    return state;
  }

  #link(state: number): void {
    const { automaton } = this;
    const behind = this.#behind;
    if (behind === NONE) return;
    if (automaton.parent[state] !== behind) automaton.loop(behind, state);
    if (this.#byExit) automaton.exitNext[behind] = state;
    else if (answersNothing(automaton.op[behind]!)) automaton.next[behind] = state;
    else automaton.link(behind, this.low, this.high, state);
  }

  /** Outcomes since the latest step that is not the checker's. */
  #newOutcomes(): readonly number[] {
    const { exit, steps } = this.#answers;
    let real = this.#answered;
    while (real > 0 && steps[real - 1]!.ghost && exit[real - 1] !== true) real--;
    return this.#recorder.outcomes.filter((one) => one.steps >= real).map((one) => one.outcome);
  }

  /** The state at the head of the innermost loop that comes back to this step, if its iterations leave nothing behind. */
  #headOf(step: Step): number {
    const candidates = this.#loops.candidates(step, this.#behind, this.#answers);
    for (const { state, place } of candidates) {
      if (this.#guesses.isWithdrawn(place)) continue;
      const leadsBack = this.#guesses.addIteration({
        head: state,
        from: this.#behind,
        low: this.low,
        high: this.high,
        exit: this.#byExit,
        promised: this.#recorder.relaxed,
        place,
      });
      if (leadsBack) return state;
    }
    return NONE;
  }

  /** Tries what was guessed. @throws GuessWithdrawn */
  probe(random: () => number): void {
    this.#guesses.probe(random);
  }

  /** Whether another program takes the same steps as this one's, by some walks through what is known. */
  isAlike(program: ThreadProgram, recorder: Recorder, random: () => number): boolean {
    const { automaton } = this;
    for (let walks = 0; walks < COMPARED_WALKS; walks++) {
      const answers = newLog();
      const state = logWalk(automaton, 0, answers, random);
      if (!leadsTo(program, recorder, answers, automaton, state)) return false;
    }
    return true;
  }

  /** Whether the program, given these answers, comes to a state. */
  confirms(answers: Answers, state: number): boolean {
    return this.#guesses.leadsTo(answers, state);
  }

  /** Takes nothing of this thread for the same as something else any more. Returns whether it did. */
  withdrawAll(): boolean {
    return this.#guesses.withdrawAll();
  }
}

function terminal(op: number): Step {
  return {
    op,
    address: 0,
    bytes: 0,
    low: 0,
    high: 0,
    low2: 0,
    high2: 0,
    ghost: false,
    exits: EXIT_NEVER,
    kick: 0,
    guest: false,
    waits: false,
  };
}
