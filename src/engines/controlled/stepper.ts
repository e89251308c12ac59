import { type Automaton, GHOST, GHOST_WAITS, NONE } from './automaton.ts';
import {
  answersNothing,
  EXIT_AT_ANY_TIME,
  EXIT_NEVER,
  STEP_BEYOND,
  STEP_END,
  STEP_MEET,
  STEP_VIOLATION,
} from './step.ts';
import type { System } from './system.ts';

/** What a stepper tells of each step: whose, in which state of its automaton, and whether an exit took its place. */
export type StepObserver = (thread: number, node: number, exit: boolean) => void;

/**
 * Takes steps of a system, one at a time, on the state that its model has at hand. It learns what it
 * does not know yet.
 */
export class Stepper {
  readonly #system: System;
  /** Told every step of a thread and its answer, the checker's steps too. */
  observer: StepObserver | undefined;
  /** Threads, and behind them what happens by itself. */
  readonly actors: number;
  /** Outcomes that the scenario counted in the latest step. */
  readonly counted: number[] = [];
  countedLength = 0;
  /** Thread that broke an invariant with the latest step, or −1. */
  violator = NONE;

  constructor(system: System) {
    this.#system = system;
    this.actors = system.learners.length + system.model.actors;
  }

  /** Brings the machine to the state before the first step. */
  reset(): void {
    const { model, learners } = this.#system;
    model.reset();
    this.countedLength = 0;
    this.violator = NONE;
    for (let thread = 0; thread < learners.length; thread++) {
      const learner = learners[thread]!;
      learner.thread = thread;
      this.#settle(thread, learner.automaton.size === 0 ? learner.root() : 0);
      this.#note(thread);
    }
  }

  /** How many ways an actor has to take its next step: 0 while it cannot. */
  alternatives(actor: number): number {
    const { model, learners } = this.#system;
    if (actor >= learners.length) return model.ready(actor - learners.length) ? 1 : 0;
    const { automaton } = learners[actor]!;
    const node = model.nodes[actor]!;
    if (automaton.plain[node] === 1) return model.alternatives(actor, automaton, node);
    if (automaton.ghost[node] === GHOST_WAITS) return 1;
    const count = this.#ways(actor, automaton, node);
    const exits = automaton.exits[node]!;
    if (exits === EXIT_NEVER) return count;
    const may = exits === EXIT_AT_ANY_TIME || model.device(automaton.kickCell[node]!) !== 0;
    return may ? count + 1 : count;
  }

  /** Whether the last of these ways is an exit from guest mode in place of the step. */
  mayExit(actor: number): boolean {
    const { model, learners } = this.#system;
    if (actor >= learners.length) return false;
    const { automaton } = learners[actor]!;
    const node = model.nodes[actor]!;
    const exits = automaton.exits[node]!;
    if (exits === EXIT_NEVER || automaton.ghost[node] === GHOST_WAITS) return false;
    return exits === EXIT_AT_ANY_TIME || model.device(automaton.kickCell[node]!) !== 0;
  }

  /** The same for the step itself, exits aside. */
  #ways(actor: number, automaton: Automaton, node: number): number {
    if (automaton.op[node] === STEP_MEET && !this.#alone(actor)) return 0;
    return this.#system.model.alternatives(actor, automaton, node);
  }

  /** Takes an actor's next step in one of its ways. */
  take(actor: number, alternative: number): void {
    const { model, learners } = this.#system;
    this.countedLength = 0;
    this.violator = NONE;
    if (actor >= learners.length) {
      model.act(actor - learners.length);
      return;
    }
    const learner = learners[actor]!;
    learner.thread = actor;
    const { automaton } = learner;
    const node = model.nodes[actor]!;
    if (automaton.plain[node] === 1) {
      model.take(actor, automaton, node, alternative);
      this.observer?.(actor, node, false);
      const next = this.#successor(actor, node);
      if (automaton.plain[next] === 1) {
        model.nodes[actor] = next;
        return;
      }
      this.#settle(actor, next);
    } else if (
      automaton.exits[node] !== EXIT_NEVER &&
      alternative === this.#ways(actor, automaton, node)
    ) {
      this.observer?.(actor, node, true);
      const known = automaton.exitNext[node]!;
      this.#settle(actor, known === NONE ? learner.learn(node, 0, 0, true) : known);
    } else {
      if (automaton.ghost[node] === GHOST_WAITS) model.ghost(actor, automaton, node);
      else model.take(actor, automaton, node, alternative);
      this.observer?.(actor, node, false);
      this.#follow(actor, node);
    }
    this.#note(actor);
  }

  /** Goes where the model's answer leads, and on through steps that nobody can come between. */
  #follow(thread: number, from: number): void {
    this.#settle(thread, this.#successor(thread, from));
  }

  #settle(thread: number, first: number): void {
    const { model, learners } = this.#system;
    const { automaton } = learners[thread]!;
    let node = first;
    for (;;) {
      model.nodes[thread] = node;
      const outcomes = automaton.outcomes[node]!;
      for (let at = 0; at < outcomes.length; at++) {
        this.counted[this.countedLength++] = outcomes[at]!;
      }
      if (automaton.ghost[node] === GHOST) model.ghost(thread, automaton, node);
      else if (model.isLocal(thread, automaton, node)) model.take(thread, automaton, node, 0);
      else {
        if (automaton.op[node] === STEP_END) model.retire(thread);
        return;
      }
      this.observer?.(thread, node, false);
      node = this.#successor(thread, node);
    }
  }

  /** The state that the model's answer leads to. */
  #successor(thread: number, node: number): number {
    const { model, learners } = this.#system;
    const learner = learners[thread]!;
    const { automaton } = learner;
    if (answersNothing(automaton.op[node]!)) {
      const known = automaton.next[node]!;
      return known === NONE ? learner.learn(node, 0, 0, false) : known;
    }
    const { answerLow, answerHigh } = model;
    const known = automaton.follow(node, answerLow, answerHigh);
    return known === NONE ? learner.learn(node, answerLow, answerHigh, false) : known;
  }

  #note(thread: number): void {
    const { model, learners } = this.#system;
    const op = learners[thread]!.automaton.op[model.nodes[thread]!];
    if (op === STEP_VIOLATION) this.violator = thread;
  }

  /** Whether all other threads are over, or wait to be the last as well. */
  #alone(thread: number): boolean {
    const { model, learners } = this.#system;
    for (let other = 0; other < learners.length; other++) {
      if (other === thread) continue;
      const op = learners[other]!.automaton.op[model.nodes[other]!];
      if (op !== STEP_END && op !== STEP_MEET) return false;
    }
    return true;
  }

  /** Whether there is a thread that nobody looks at any more: it may or may not go on. */
  get leftOff(): boolean {
    const { model, learners } = this.#system;
    return learners.some(({ automaton }, thread) => {
      return automaton.op[model.nodes[thread]!] === STEP_BEYOND;
    });
  }

  /** Whether all threads are over. */
  get finished(): boolean {
    const { model, learners } = this.#system;
    for (let thread = 0; thread < learners.length; thread++) {
      if (learners[thread]!.automaton.op[model.nodes[thread]!] !== STEP_END) return false;
    }
    return true;
  }
}
