import type { HostAddress } from '../../memory/memory-port.ts';
import { callSite } from './call-site.ts';
import { NotDeterministic, PortExhausted, UNANSWERED } from './faults.ts';
import { Knowledge } from './knowledge.ts';
import { PrivateMemory } from './private-memory.ts';
import type { Answers, FenceSteps, Oracle, Violation } from './recording.ts';
import type { Sharing } from './sharing.ts';
import {
  answersNothing,
  EXIT_IF_KICKED,
  EXIT_NEVER,
  isLocked,
  mayStore,
  STEP_BOUNDARY,
  STEP_MB,
  STEP_RMB,
  STEP_WAIT,
  STEP_WMB,
  type Step,
  sameStep,
} from './step.ts';

/** Port calls of one run at most: a program that takes more without a step of note is taken to hang. */
const MOST_CALLS = 5_000_000;

/** The same while it is scouted: it may wait for a thread that does not run. */
const MOST_SCOUTING_CALLS = 20_000;

/** What a program learns from relaxing: that it did. */
const RELAXED = 0x1008;

/** Rounds of a spin loop without a step, after which it is given one. */
const IDLE_RELAXES = 16;

/**
 * What a run is: the thread's own set-up, on the machine's memory and noted down; the same again, by
 * what was noted; the program alone on a copy, to see what it touches; or the program, recorded.
 */
type Mode = 'set-up' | 'set-up-again' | 'scouting' | 'recorded';

/**
 * Runs one thread's program from its start against a list of answers, and stops it at the first step
 * that has none.
 *
 * Accesses to memory that only this thread touches are answered at once, from what it wrote there in
 * this very run, and are no steps.
 */
export class Recorder {
  readonly #thread: number;
  readonly #sharing: Sharing;
  readonly #fences: FenceSteps;
  readonly #own: PrivateMemory;

  #mode: Mode = 'set-up';
  /** What follows when the thread's own set-up has been repeated. */
  #next: Mode = 'recorded';
  /** What the thread's own set-up read, two halves for each access. */
  readonly #setUp: number[] = [];
  #setUpCursor = 0;

  #answers: Answers | undefined;
  #length = 0;
  #cursor = 0;
  #calls = 0;
  #oracle: Oracle | undefined;
  #exits = EXIT_NEVER;
  #kick: HostAddress = 0;
  /** How often the program relaxed since its latest step. */
  #idleRelaxes = 0;
  #scope = 0;
  #scopes = 0;
  /** How many steps were answered before the operation of the scenario that is under way. */
  #begun = 0;

  /** What the code that runs may know of the answers so far. */
  readonly knowledge = new Knowledge();
  /** Whether handlers and callbacks of the program may leave something to it that is not in memory. */
  remembers = false;
  /** A hash of what the thread's port keeps besides memory, a safe integer. */
  registers: () => number = () => 0;
  /** Call sites to note in this run, by how many steps were answered before. */
  #sitesAt: ReadonlyMap<number, (site: string) => void> | undefined;

  /** A hash of the accesses to private memory since the step before, and those of all steps, where somebody asks for them. */
  #touched = 0;
  touches: number[] | undefined;

  /** The step that had no answer. */
  pending: Step | undefined;
  /** Whether it is the guest that takes the next step. */
  guestSide = false;
  /** Whether `relax()` was called since the step before. */
  relaxed = false;
  /** Whether this run has found out that its memory is shared, and comes to nothing. */
  lookedAhead = false;
  /** The invariant that the checker found broken. */
  violation: Violation | undefined;
  /** Outcomes that the scenario counted, and after how many steps. */
  readonly outcomes: { readonly outcome: number; readonly steps: number }[] = [];
  /** Answer of the latest step. */
  low = 0;
  high = 0;

  /** @param memory the machine's memory, which this thread's set-up is about to change */
  constructor(thread: number, sharing: Sharing, fences: FenceSteps, memory: DataView) {
    this.#thread = thread;
    this.#sharing = sharing;
    this.#fences = fences;
    this.#own = new PrivateMemory(memory);
  }

  /** Of what this thread's private memory holds: equal where the memory is. */
  get digest(): number {
    return this.#own.digest;
  }

  /**
   * Runs the program once on real memory, alone, to learn which memory it touches.
   *
   * @param memory a copy that may be changed
   */
  scout(memory: DataView): void {
    this.#start('set-up-again');
    this.#next = 'scouting';
    this.#own.become(memory);
  }

  /**
   * Whether memory turned out to be shared that was taken for private. What was learned is void then, and
   * the rest of this run only looks what else it touches: learning starts over once for all of that.
   */
  #looksAhead(): boolean {
    if (!this.#sharing.grew) return false;
    this.#mode = 'scouting';
    this.#calls = 0;
    this.lookedAhead = true;
    return true;
  }

  /** Ends the set-up of all threads. */
  seal(image: Uint8Array): void {
    this.#own.seal(image);
  }

  /** The thread's set-up is over; its program begins. */
  begin(): void {
    if (this.#mode === 'set-up-again') this.#mode = this.#next;
  }

  /**
   * Starts over with these answers.
   *
   * @param sitesAt told call sites of steps, by how many were answered before
   */
  rewind(
    answers: Answers,
    oracle: Oracle | undefined,
    sitesAt?: ReadonlyMap<number, (site: string) => void>,
  ): void {
    this.#sitesAt = sitesAt;
    this.#own.rewind();
    this.#answers = answers;
    this.#length = answers.steps.length;
    this.#oracle = oracle;
    this.#start('set-up-again');
    this.#next = 'recorded';
  }

  #start(mode: Mode): void {
    this.#mode = mode;
    this.#setUpCursor = 0;
    this.#cursor = 0;
    this.#calls = 0;
    this.#exits = EXIT_NEVER;
    this.#scope = 0;
    this.#scopes = 0;
    this.#begun = 0;
    this.#idleRelaxes = 0;
    this.#touched = 0;
    this.pending = undefined;
    this.relaxed = false;
    this.lookedAhead = false;
    this.violation = undefined;
    this.#own.digest = 0;
    this.outcomes.length = 0;
    this.knowledge.reset();
  }

  /** Takes back what another run left, for whoever still looks at the one before. */
  restore(
    pending: Step | undefined,
    relaxed: boolean,
    outcomes: readonly Recorder['outcomes'][number][],
    steps: number,
    scope: number,
    digest: number,
  ): void {
    this.#scope = scope;
    this.#own.digest = digest;
    this.pending = pending;
    this.relaxed = relaxed;
    this.outcomes.length = 0;
    this.outcomes.push(...outcomes);
    this.#cursor = steps;
  }

  /** How many steps have been answered. */
  get steps(): number {
    return this.#cursor;
  }

  /** One of the scenario's operations begins. */
  beginOperation(): void {
    this.#begun = this.#cursor;
  }
  /** How many steps have been answered since. */
  get stepsOfOperation(): number {
    return this.#cursor - this.#begun;
  }

  /** A call begins whose loops are its own. Returns what to leave it with. */
  enterScope(): number {
    const outer = this.#scope;
    this.#scope = ++this.#scopes;
    return outer;
  }
  leaveScope(outer: number): void {
    this.#scope = outer;
  }

  /** The call that the program is in: steps of different ones are no loop. */
  get scope(): number {
    return this.#scope;
  }
  /** Where in the program the step at hand is, in words that are the same for the same place. */
  site(): string {
    return callSite(this.step);
  }
  /** A number for all that decides how the thread goes on from the step at hand. */
  identity(): number {
    const registers = this.registers() * 64 + this.#idleRelaxes * 2 + (this.relaxed ? 1 : 0);
    return this.knowledge.identity(this.digest, registers);
  }

  countOutcome(outcome: number): void {
    this.outcomes.push({ outcome, steps: this.#cursor });
  }

  /**
   * An instruction boundary of the guest. Returns whether the vCPU exits here.
   *
   * @param kick the vCPU's kick word
   * @param exits whether it may exit at any time, or only when it is kicked
   */
  boundary(exits: number, kick: HostAddress): boolean {
    this.#count();
    if (this.#mode !== 'recorded') return false;
    let may = exits;
    const kicked = may === EXIT_IF_KICKED && this.#sharing.access(this.#thread, kick, 4, false);
    if (this.#looksAhead()) return false;
    if (may === EXIT_IF_KICKED && !kicked) {
      // Nobody else kicks this vCPU: what it did to its own word is known.
      if (this.#own.word(kick) !== 0) return true;
      may = EXIT_NEVER;
    }
    if (may === EXIT_NEVER) return false;
    this.#exits = may;
    this.#kick = kick;
    if (this.#cursor < this.#length && this.#answers!.exit[this.#cursor] === true) {
      this.#noteTouched();
      this.#cursor++;
      this.#exits = EXIT_NEVER;
      return true;
    }
    return false;
  }

  /** Whether the boundary at hand may be an exit. */
  get mayExit(): boolean {
    return this.#exits !== EXIT_NEVER;
  }

  /** Makes a boundary that may be an exit a step, before something that is none. */
  settle(): void {
    if (this.#exits !== EXIT_NEVER) this.step(STEP_BOUNDARY, 0, 0, 0, 0, 0, 0, false);
  }

  /** An access to memory, aligned. Its answer is left in `low` and `high`. */
  access(
    op: number,
    address: HostAddress,
    bytes: number,
    low: number,
    high: number,
    low2: number,
    high2: number,
    ghost: boolean,
  ): void {
    this.#count();
    if (this.#mode !== 'recorded') {
      this.#direct(op, address, bytes, low, high, low2, high2);
      return;
    }
    const shared = this.#sharing.access(this.#thread, address, bytes, mayStore(op));
    if (this.#looksAhead()) {
      this.#local(op, address, bytes, low, high, low2, high2);
      return;
    }
    if (shared) {
      this.step(op, address, bytes, low, high, low2, high2, ghost);
      return;
    }
    if (this.#exits !== EXIT_NEVER) this.settle();
    // A locked operation is a fence wherever it is.
    if (isLocked(op) && !ghost && this.#fences.mb) this.step(STEP_MB, 0, 0, 0, 0, 0, 0, false);
    this.#local(op, address, bytes, low, high, low2, high2);
    this.#touched = Math.imul(this.#touched ^ address, 0x9e3779b1) + op;
    this.knowledge.learn(this.low, bytes === 8 ? this.high : op);
  }

  #noteTouched(): void {
    if (this.touches !== undefined) this.touches[this.#cursor] = this.#touched | 0;
    this.#touched = 0;
  }

  /** An access outside the recorded part of the program. */
  #direct(
    op: number,
    address: HostAddress,
    bytes: number,
    low: number,
    high: number,
    low2: number,
    high2: number,
  ): void {
    if (this.#mode === 'set-up-again') {
      this.low = this.#setUp[this.#setUpCursor++]!;
      this.high = this.#setUp[this.#setUpCursor++]!;
      return;
    }
    if (this.#mode === 'scouting') this.#sharing.access(this.#thread, address, bytes, mayStore(op));
    this.#local(op, address, bytes, low, high, low2, high2);
    if (this.#mode === 'set-up') this.#setUp.push(this.low, this.high);
  }

  /** PAUSE in a spin loop. A loop that only looks at private memory lets others come between all the same. */
  relax(): void {
    this.#count();
    this.relaxed = true;
    this.knowledge.learn(RELAXED, 0);
    if (++this.#idleRelaxes < IDLE_RELAXES || this.#mode !== 'recorded') return;
    this.step(STEP_BOUNDARY, 0, 0, 0, 0, 0, 0, false);
  }

  /** Sleeps until the kick word is not zero. */
  sleep(kick: HostAddress): void {
    this.#count();
    if (this.#mode !== 'recorded') throw UNANSWERED;
    const shared = this.#sharing.access(this.#thread, kick, 4, false);
    if (this.#looksAhead()) throw UNANSWERED;
    if (!shared && this.#own.word(kick) !== 0) return;
    this.step(STEP_WAIT, kick, 4, 0, 0, 0, 0, false);
  }

  fence(op: number): void {
    this.#count();
    if (
      op === STEP_MB
        ? this.#fences.mb
        : this.#fences.rmbAndWmb && (op === STEP_RMB || op === STEP_WMB)
    ) {
      this.step(op, 0, 0, 0, 0, 0, 0, false);
    }
  }

  /** Any step. Its answer is left in `low` and `high`. */
  step(
    op: number,
    address: HostAddress,
    bytes: number,
    low: number,
    high: number,
    low2: number,
    high2: number,
    ghost: boolean,
  ): void {
    this.#count();
    if (this.#mode !== 'recorded') {
      this.low = 0;
      this.high = 0;
      return;
    }
    const exits = this.#exits;
    this.#exits = EXIT_NEVER;
    this.#idleRelaxes = 0;
    this.#noteTouched();
    const step: Step = {
      op,
      address,
      bytes,
      low,
      high,
      low2,
      high2,
      ghost,
      waits: ghost && this.relaxed,
      exits,
      kick: exits === EXIT_NEVER ? 0 : this.#kick,
      guest: this.guestSide,
    };
    if (this.#cursor < this.#length) {
      const answers = this.#answers!;
      if (!sameStep(step, answers.steps[this.#cursor]!)) {
        this.pending = step;
        throw new NotDeterministic(step, answers.steps[this.#cursor]!, this.#cursor);
      }
      this.low = answers.low[this.#cursor]!;
      this.high = answers.high[this.#cursor]!;
      this.#sitesAt?.get(this.#cursor)?.(this.site());
      this.#cursor++;
      if (!ghost || step.waits) this.relaxed = false;
      this.#learned(step);
      return;
    }
    const oracle = this.#oracle;
    if (oracle !== undefined) {
      const isCheckers = ghost && !step.waits;
      if (isCheckers ? oracle.answer(step) : oracle.goesOn(step)) {
        this.low = oracle.low;
        this.high = oracle.high;
        this.#cursor++;
        this.#length++;
        if (!isCheckers) this.relaxed = false;
        this.#learned(step);
        return;
      }
    }
    this.pending = step;
    throw UNANSWERED;
  }

  /** The program is told the answer to a step. */
  #learned({ op }: Step): void {
    this.knowledge.learn(answersNothing(op) ? op : this.low, answersNothing(op) ? 0 : this.high);
  }

  #count(): void {
    if (this.pending !== undefined) throw UNANSWERED;
    const most = this.#mode === 'scouting' ? MOST_SCOUTING_CALLS : MOST_CALLS;
    if (++this.#calls <= most) return;
    if (this.#mode === 'scouting') throw UNANSWERED;
    throw new PortExhausted(MOST_CALLS);
  }

  /** An access that is nobody else's business. */
  #local(
    op: number,
    address: HostAddress,
    bytes: number,
    low: number,
    high: number,
    low2: number,
    high2: number,
  ): void {
    const own = this.#own;
    own.access(op, address, bytes, low, high, low2, high2);
    this.low = own.low;
    this.high = own.high;
  }
}
