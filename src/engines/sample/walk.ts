import { NONE } from '../controlled/automaton.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { Rounds } from './rounds.ts';

/** How schedules are drawn. */
export type Strategy = 'blocks' | 'pct';

/** Steps after which a schedule is given up: its threads wait for each other without end. */
export const MOST_STEPS = 2_000;
/** Of so many steps one ends a block; of so many steps before which an exit is possible, one is an exit: less one. */
const BLOCKS = [3, 15, 63] as const;
const EXITS = [1, 7, 31] as const;

/** Random numbers, 32 bits each. */
export interface RandomNumbers {
  next(): number;
}

/**
 * Walks one schedule after the other over the automata of a system. A walk allocates nothing; the
 * moves of the latest one are kept.
 */
export class Walker {
  readonly #stepper: Stepper;
  readonly #random: RandomNumbers;
  /** Where each thread is in its automaton. */
  readonly #nodes: Int32Array;
  readonly #moves = new Int32Array(MOST_STEPS);
  /** Who can take a step, and in how many ways. */
  readonly #enabled: Int32Array;
  readonly #enabledWays: Int32Array;
  readonly #priorities: Int32Array;
  /** No priority is lower. */
  #lowest = 0;
  readonly #rounds = new Rounds();
  /** Steps at which the running actor falls behind all others. */
  readonly #changes: Int32Array;
  /** Drawn for each schedule: some races need a thread to go on for long, or an exit to come late. */
  #block: number = BLOCKS[0];
  #patience: number = EXITS[0];
  /** In how many ways the actor that was chosen can take its step. */
  #ways = 0;
  /** How often each outcome was seen. */
  readonly outcomes: Float64Array;
  /** Steps of the longest schedule so far that came to an end. */
  longest = 1;
  /** Steps of the latest schedule. */
  length = 0;

  /** @param depth of the bugs that `pct` looks for: how many orderings of steps must hold for one */
  constructor(
    { model }: System,
    stepper: Stepper,
    random: RandomNumbers,
    depth: number,
    outcomes: number,
  ) {
    this.outcomes = new Float64Array(outcomes);
    this.#stepper = stepper;
    this.#random = random;
    this.#nodes = model.nodes;
    this.#enabled = new Int32Array(stepper.actors);
    this.#enabledWays = new Int32Array(stepper.actors);
    this.#priorities = new Int32Array(stepper.actors);
    this.#changes = new Int32Array(Math.max(0, depth - 1));
  }

  /**
   * Walks one schedule to its end. Returns whether it came to one.
   *
   * @param onStep called with each state on the way at hand
   */
  walk(strategy: Strategy, onStep?: () => void): boolean {
    const stepper = this.#stepper;
    stepper.reset();
    this.length = 0;
    if (strategy === 'pct') this.#drawPriorities();
    const drawn = this.#random.next();
    this.#block = BLOCKS[(drawn >>> 4) % BLOCKS.length]!;
    this.#patience = EXITS[(drawn >>> 12) % EXITS.length]!;
    let running = NONE;
    while (stepper.violator < 0 && this.length < MOST_STEPS) {
      const actor = strategy === 'pct' ? this.#byPriority() : this.#byBlock(running);
      if (actor === NONE) break;
      const alternative = this.#ways === 1 ? 0 : this.#way(actor, this.#ways);
      this.#moves[this.length++] = (actor << 8) | alternative;
      stepper.take(actor, alternative);
      for (let at = 0; at < stepper.countedLength; at++) this.outcomes[stepper.counted[at]!]!++;
      onStep?.();
      if (strategy === 'pct') this.#fallBehind(actor);
      running = actor;
    }
    const ended = this.length < MOST_STEPS;
    if (ended) this.longest = Math.max(this.longest, this.length);
    return ended;
  }

  /** The moves of the latest schedule. */
  moves(): Move[] {
    return Array.from(this.#moves.subarray(0, this.length), (move) => ({
      actor: move >> 8,
      alternative: move & 0xff,
    }));
  }

  /** A number that differs where schedules do. */
  hash(): number {
    let hash = this.length;
    for (let at = 0; at < this.length; at++) {
      hash = Math.imul(hash ^ this.#moves[at]!, 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  /** One of the ways of an actor's step. */
  #way(actor: number, ways: number): number {
    const number = this.#random.next();
    if (!this.#stepper.mayExit(actor)) return number % ways;
    return (number & this.#patience) === 0 ? ways - 1 : (number >>> 8) % (ways - 1);
  }

  /** The running actor again, or, when its block is over, any; {@link NONE} where nobody can take a step. */
  #byBlock(running: number): number {
    const stepper = this.#stepper;
    const number = this.#random.next();
    if (running !== NONE && (number & this.#block) !== 0) {
      this.#ways = stepper.alternatives(running);
      if (this.#ways > 0) return running;
    }
    let count = 0;
    for (let actor = 0; actor < stepper.actors; actor++) {
      const ways = stepper.alternatives(actor);
      if (ways === 0) continue;
      this.#enabled[count] = actor;
      this.#enabledWays[count++] = ways;
    }
    if (count === 0) return NONE;
    const drawn = (number >>> 8) % count;
    this.#ways = this.#enabledWays[drawn]!;
    return this.#enabled[drawn]!;
  }

  #drawPriorities(): void {
    const priorities = this.#priorities;
    this.#rounds.reset();
    this.#lowest = -this.#changes.length;
    for (let actor = 0; actor < priorities.length; actor++) {
      priorities[actor] = 1_000 + actor;
    }
    for (let actor = priorities.length - 1; actor > 0; actor--) {
      const other = this.#random.next() % (actor + 1);
      const own = priorities[actor]!;
      priorities[actor] = priorities[other]!;
      priorities[other] = own;
    }
    for (let change = 0; change < this.#changes.length; change++) {
      this.#changes[change] = this.#random.next() % this.longest;
    }
  }

  /** The first actor by priority; at a change point it goes behind all others. */
  #byPriority(): number {
    const first = this.#first();
    for (let change = 0; change < this.#changes.length; change++) {
      if (this.#changes[change] !== this.length || first === NONE) continue;
      this.#priorities[first] = change - this.#changes.length;
      return this.#first();
    }
    return first;
  }

  /** Whoever comes round again waits for others, which have their turn first. */
  #fallBehind(actor: number): void {
    if (actor >= this.#nodes.length) return;
    if (this.#rounds.comesRound(actor, this.#nodes[actor]!)) {
      this.#priorities[actor] = --this.#lowest;
    }
  }

  #first(): number {
    const stepper = this.#stepper;
    let first = NONE;
    for (let actor = 0; actor < stepper.actors; actor++) {
      if (first !== NONE && this.#priorities[actor]! < this.#priorities[first]!) continue;
      const ways = stepper.alternatives(actor);
      if (ways === 0) continue;
      first = actor;
      this.#ways = ways;
    }
    return first;
  }
}
