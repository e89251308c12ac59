import { NONE } from './automaton.ts';
import { answersNothing, EXIT_AT_ANY_TIME, EXIT_NEVER, STEP_END, STEP_MEET, STEP_VIOLATION } from './step.ts';
import type { System } from './system.ts';

/**
 * Takes steps of a system, one at a time, on the state that its model has at hand. It learns what it
 * does not know yet.
 */
export class Stepper {
  readonly #system: System;
  /** Threads, and behind them what happens by itself. */
  readonly actors: number;
  /** Thread that broke an invariant with the latest step, or −1. */
  violator = NONE;
  /** Whether the latest step was taken in a state of the thread that had never been left this way. */
  constructor(system: System) {
    this.#system = system;
    this.actors = system.learners.length + system.model.actors;
  }

  /** Brings the machine to the state before the first step. */
  reset(): void {
    const { model, learners } = this.#system;
    model.reset();
    this.violator = NONE;
    for (const [thread, learner] of learners.entries()) {
      if (learner.automaton.size === 0) model.nodes[thread] = learner.root();
      else this.#settle(thread, 0);
      this.#note(thread);
    }
  }

  /** How many ways an actor has to take its next step: 0 while it cannot. */
  alternatives(actor: number): number {
    const { model, learners } = this.#system;
    if (actor >= learners.length) return model.ready(actor - learners.length) ? 1 : 0;
    const { automaton } = learners[actor]!;
    const node = model.nodes[actor]!;
    if (automaton.op[node] === STEP_MEET) return this.#alone(actor) ? 1 : 0;
    const count = model.alternatives(actor, automaton, node);
    const exits = automaton.exits[node]!;
    if (exits === EXIT_NEVER || !model.exits(actor)) return count;
    const may = exits === EXIT_AT_ANY_TIME || model.device(automaton.kickCell[node]!) !== 0;
    return may ? count + 1 : count;
  }

  /** Takes an actor's next step in one of its ways. */
  take(actor: number, alternative: number): void {
    const { model, learners } = this.#system;
    if (actor >= learners.length) {
      model.act(actor - learners.length);
      return;
    }
    const learner = learners[actor]!;
    const { automaton } = learner;
    const node = model.nodes[actor]!;
    if (automaton.exits[node] !== EXIT_NEVER && alternative === model.alternatives(actor, automaton, node)) {
      const known = automaton.exitNext[node]!;
      if (known === NONE) model.nodes[actor] = learner.learn(node, 0, 0, true);
      else this.#settle(actor, known);
    } else {
      model.take(actor, automaton, node, alternative);
      this.#follow(actor, node);
    }
    this.#note(actor);
  }

  /** Goes where the model's answer leads. */
  #follow(thread: number, node: number): void {
    const { model, learners } = this.#system;
    const learner = learners[thread]!;
    const { automaton } = learner;
    const nothing = answersNothing(automaton.op[node]!);
    const known = nothing
      ? automaton.next[node]!
      : automaton.follow(node, model.answerLow, model.answerHigh);
    if (known !== NONE) this.#settle(thread, known);
    else if (nothing) model.nodes[thread] = learner.learn(node, 0, 0, false);
    else model.nodes[thread] = learner.learn(node, model.answerLow, model.answerHigh, false);
  }

  /** Goes on with the steps that nobody can come between. */
  #settle(thread: number, first: number): void {
    const { model, learners } = this.#system;
    const { automaton } = learners[thread]!;
    model.nodes[thread] = first;
    while (automaton.ghost[model.nodes[thread]!] === 1) {
      const node: number = model.nodes[thread]!;
      model.ghost(automaton, node);
      const known: number = answersNothing(automaton.op[node]!)
        ? automaton.next[node]!
        : automaton.follow(node, model.answerLow, model.answerHigh);
      if (known !== NONE) {
        model.nodes[thread] = known;
        continue;
      }
      const learner = learners[thread]!;
      const nothing = answersNothing(automaton.op[node]!);
      model.nodes[thread] = nothing
        ? learner.learn(node, 0, 0, false)
        : learner.learn(node, model.answerLow, model.answerHigh, false);
      return;
    }
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

  /** Whether all threads are over. */
  get finished(): boolean {
    const { model, learners } = this.#system;
    for (let thread = 0; thread < learners.length; thread++) {
      if (learners[thread]!.automaton.op[model.nodes[thread]!] !== STEP_END) return false;
    }
    return true;
  }
}
