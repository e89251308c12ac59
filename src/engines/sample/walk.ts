import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';

/** How schedules are drawn. */
export type Strategy = 'blocks' | 'pct';

/** Steps after which a schedule is given up: its threads wait for each other without end. */
export const MOST_STEPS = 2_000;
/** One step in so many ends a block. */
const STEPS_PER_SWITCH = 4;

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
  readonly #moves = new Int32Array(MOST_STEPS);
  readonly #enabled: Int32Array;
  readonly #priorities: Int32Array;
  /** Steps at which the running actor falls behind all others. */
  readonly #changes: Int32Array;
  /** How often each outcome was seen. */
  readonly outcomes: Float64Array;
  /** Steps of the longest schedule so far. */
  longest = 1;
  /** Steps of the latest schedule. */
  length = 0;

  /** @param depth of the bugs that `pct` looks for: how many orderings of steps must hold for one */
  constructor(stepper: Stepper, random: RandomNumbers, depth: number, outcomes: number) {
    this.outcomes = new Float64Array(outcomes);
    this.#stepper = stepper;
    this.#random = random;
    this.#enabled = new Int32Array(stepper.actors);
    this.#priorities = new Int32Array(stepper.actors);
    this.#changes = new Int32Array(Math.max(0, depth - 1));
  }

  /** Walks one schedule to its end. Returns whether it came to one. */
  walk(strategy: Strategy): boolean {
    const stepper = this.#stepper;
    stepper.reset();
    this.length = 0;
    if (strategy === 'pct') this.#drawPriorities();
    let running = -1;
    while (stepper.violator < 0 && this.length < MOST_STEPS) {
      const count = this.#look();
      if (count === 0) break;
      const actor = strategy === 'pct' ? this.#byPriority(count) : this.#byBlock(count, running);
      running = actor;
      const ways = stepper.alternatives(actor);
      const alternative = ways === 1 ? 0 : this.#random.next() % ways;
      this.#moves[this.length++] = (actor << 8) | alternative;
      stepper.take(actor, alternative);
      for (let at = 0; at < stepper.countedLength; at++) this.outcomes[stepper.counted[at]!]!++;
    }
    this.longest = Math.max(this.longest, this.length);
    return this.length < MOST_STEPS;
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

  /** Which actors can take a step. */
  #look(): number {
    const stepper = this.#stepper;
    let count = 0;
    for (let actor = 0; actor < stepper.actors; actor++) {
      if (stepper.alternatives(actor) > 0) this.#enabled[count++] = actor;
    }
    return count;
  }

  #byBlock(count: number, running: number): number {
    const number = this.#random.next();
    if (number % STEPS_PER_SWITCH !== 0) {
      for (let at = 0; at < count; at++) if (this.#enabled[at] === running) return running;
    }
    return this.#enabled[(number >>> 8) % count]!;
  }

  #drawPriorities(): void {
    const priorities = this.#priorities;
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
  #byPriority(count: number): number {
    const first = this.#first(count);
    for (let change = 0; change < this.#changes.length; change++) {
      if (this.#changes[change] !== this.length) continue;
      this.#priorities[first] = change - this.#changes.length;
      return this.#first(count);
    }
    return first;
  }

  #first(count: number): number {
    let first = this.#enabled[0]!;
    for (let at = 1; at < count; at++) {
      const actor = this.#enabled[at]!;
      if (this.#priorities[actor]! > this.#priorities[first]!) first = actor;
    }
    return first;
  }
}
