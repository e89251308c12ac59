import { type AnswerLog, logAnswer, logPath, logWalk, newLog } from './answer-log.ts';
import { type Automaton, NONE } from './automaton.ts';
import type { ThreadProgram } from './program.ts';
import type { Recorder } from './recorder.ts';
import type { Answers } from './recording.ts';
import { leadsTo } from './trial-run.ts';

/** Iterations of a loop without `relax()` that are tried at once before its states are merged. */
const QUICK_ITERATIONS = 64;
/** The same for a loop that promises by `relax()` to leave nothing behind. */
const PROMISED_ITERATIONS = 3;
/** Iterations that a merged loop is driven through when exploration is over. */
export const PROBED_ITERATIONS = 1000;
/** Continuations that are compared behind each merged iteration. */
const COMPARED_CONTINUATIONS = 8;
/** States that different answers led to, of which so many are compared. */
const COMPARED_JOINS = 64;

/** Withdrawals after which nothing is guessed about a thread any more: explorations do not start over for ever. */
const MOST_WITHDRAWALS = 32;

/** What was taken for the same as something else is not: what was learned is void. */
export class GuessWithdrawn extends Error {
  override readonly name = 'GuessWithdrawn';
}

/** What was guessed and found wrong. Outlives restarts. */
export class Withdrawn {
  /** How often what was learned was void because of a thread, by name. */
  readonly #times = new Map<string, number>();
  /** Loops that do not lead back to where they began, by place. */
  readonly sites = new Set<string>();
  /** Threads that know more than {@link Knowledge} says, by name: they keep state that is neither local nor in memory. */
  readonly identities = new Set<string>();

  /** What was learned is void because of a guess about this thread. */
  again(name: string): void {
    this.#times.set(name, (this.#times.get(name) ?? 0) + 1);
  }
  /** Whether that was so too often to guess anything more about it. */
  tooOften(name: string): boolean {
    return (this.#times.get(name) ?? 0) >= MOST_WITHDRAWALS;
  }
}

/** An answer to the step of a state. */
export interface Edge {
  readonly from: number;
  readonly low: number;
  readonly high: number;
  readonly exit: boolean;
}

/** One that leads back to the head of its loop. */
export interface Iteration extends Edge {
  readonly head: number;
  /** By `relax()`. */
  readonly promised: boolean;
  /** Where in the program the head is. */
  readonly place: string;
}

/** One that leads to a state which other answers had led to before. */
export interface Join extends Edge {
  readonly to: number;
}

/** What of a thread's automaton is more than what its program was seen to do, and how that is tried. */
export class Guesses {
  readonly #name: string;
  readonly #automaton: Automaton;
  readonly #program: ThreadProgram;
  readonly #recorder: Recorder;
  readonly #withdrawn: Withdrawn;
  readonly #iterations: Iteration[] = [];
  readonly #joins: Join[] = [];

  constructor(
    automaton: Automaton,
    program: ThreadProgram,
    recorder: Recorder,
    withdrawn: Withdrawn,
  ) {
    this.#name = program.name;
    this.#automaton = automaton;
    this.#program = program;
    this.#recorder = recorder;
    this.#withdrawn = withdrawn;
  }

  /** Assumptions that merged loops rest on. */
  get assumptions(): readonly string[] {
    const promised = this.#iterations.some((one) => one.promised);
    const guessed = this.#iterations.some((one) => !one.promised);
    return [
      ...(promised ? ['relax-promised'] : []),
      ...(guessed ? [`retry-guessed:${PROBED_ITERATIONS}`] : []),
    ];
  }

  /** Whether states may be taken for one another where all that decides how they go on is the same. */
  get joins(): boolean {
    return !this.#withdrawn.identities.has(this.#name) && !this.#withdrawn.tooOften(this.#name);
  }
  addJoin(join: Join): void {
    this.#joins.push(join);
  }

  /** Whether the loop at a place was found not to lead back. */
  isWithdrawn(place: string): boolean {
    return this.#withdrawn.sites.has(place) || this.#withdrawn.tooOften(this.#name);
  }

  /** Takes an iteration for one that leads back, if some of it do. Returns whether they did. */
  addIteration(iteration: Iteration): boolean {
    const touches: number[] = [];
    // Most that do not lead back show it the second time.
    if (
      !this.#repeats([iteration], 2, touches) ||
      !this.#repeats([iteration], this.#iterationsToTry(iteration, touches))
    ) {
      this.#withdrawn.sites.add(iteration.place);
      return false;
    }
    this.#iterations.push(iteration);
    return true;
  }

  /**
   * Drives the program through iterations of loops, and the continuations behind them, and compares.
   *
   * @param random 32-bit numbers, which choose among iterations and continuations
   * @throws GuessWithdrawn
   */
  probe(random: () => number): void {
    const heads = new Map<number, Iteration[]>();
    for (const iteration of this.#iterations) {
      const others = heads.get(iteration.head);
      if (others === undefined) heads.set(iteration.head, [iteration]);
      else others.push(iteration);
    }
    let withdrawn = false;
    for (const iterations of heads.values()) {
      const promised = iterations.every((one) => one.promised);
      const times = promised ? PROMISED_ITERATIONS : PROBED_ITERATIONS;
      const driven = Array.from({ length: times }, () => iterations[random() % iterations.length]!);
      const holds =
        this.#repeats(driven, 1) &&
        iterations.every((iteration) => this.#continues(iteration, random));
      if (holds) continue;
      for (const { place } of iterations) this.#withdrawn.sites.add(place);
      withdrawn = true;
    }
    if (!this.#joinsHold(random)) {
      this.#withdrawn.identities.add(this.#name);
      withdrawn = true;
    }
    if (!withdrawn) return;
    this.#withdrawn.again(this.#name);
    throw new GuessWithdrawn();
  }

  /**
   * Takes no loop of this thread for one that leaves nothing behind any more, and no state for another
   * one. Returns whether it did.
   */
  withdrawAll(): boolean {
    const { sites, identities } = this.#withdrawn;
    const before = sites.size + identities.size;
    for (const { place } of this.#iterations) sites.add(place);
    if (this.#joins.length > 0) identities.add(this.#name);
    const grew = sites.size + identities.size > before;
    if (grew) this.#withdrawn.again(this.#name);
    return grew;
  }

  /** Whether the program, given these answers, comes to a state. */
  leadsTo(answers: Answers, state: number): boolean {
    return leadsTo(this.#program, this.#recorder, answers, this.#automaton, state);
  }

  /** By what two iterations have touched: one that looks elsewhere each time may be about to come to an end. */
  #iterationsToTry({ promised, head }: Iteration, touches: readonly number[]): number {
    if (promised) return PROMISED_ITERATIONS;
    const path = newLog();
    logPath(this.#automaton, NONE, head, path);
    const first = path.steps.length;
    const length = (touches.length - 1 - first) / 2;
    for (let at = first + 1; at <= first + length; at++)
      if (touches[at] !== touches[at + length]) return PROBED_ITERATIONS;
    return QUICK_ITERATIONS;
  }

  /** Whether these iterations, so many times, lead back to their common head. */
  #repeats(iterations: readonly Iteration[], times: number, touches?: number[]): boolean {
    const answers = newLog();
    const { head } = iterations[0]!;
    logPath(this.#automaton, NONE, head, answers);
    for (let time = 0; time < times; time++) {
      for (const iteration of iterations) this.#logIteration(iteration, answers);
    }
    return leadsTo(this.#program, this.#recorder, answers, this.#automaton, head, touches);
  }

  /** Whether what follows an iteration is what follows the head. */
  #continues(iteration: Iteration, random: () => number): boolean {
    const { head } = iteration;
    for (let tries = 0; tries < COMPARED_CONTINUATIONS; tries++) {
      const answers = newLog();
      logPath(this.#automaton, NONE, head, answers);
      this.#logIteration(iteration, answers);
      if (!this.leadsTo(answers, logWalk(this.#automaton, head, answers, random))) return false;
    }
    return true;
  }

  /** Whether threads that came to the same by other answers go on alike: some of them are tried. */
  #joinsHold(random: () => number): boolean {
    const joins = this.#joins;
    for (let tries = 0; tries < Math.min(COMPARED_JOINS, joins.length); tries++) {
      const join = joins[random() % joins.length]!;
      const answers = newLog();
      logPath(this.#automaton, NONE, join.from, answers);
      this.#logEdge(join, answers);
      if (!this.leadsTo(answers, logWalk(this.#automaton, join.to, answers, random))) return false;
    }
    return true;
  }

  #logIteration(iteration: Iteration, answers: AnswerLog): void {
    logPath(this.#automaton, iteration.head, iteration.from, answers);
    this.#logEdge(iteration, answers);
  }

  #logEdge({ from, low, high, exit }: Edge, answers: AnswerLog): void {
    logAnswer(answers, this.#automaton.steps[from]!, low, high, exit);
  }
}
