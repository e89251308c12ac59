import { type Automaton, NONE } from './automaton.ts';
import type { Step } from './step.ts';

/** Answers to a program's steps, in order, as they are collected. */
export interface AnswerLog {
  readonly steps: Step[];
  readonly low: number[];
  readonly high: number[];
  readonly exit: boolean[];
}

export function newLog(): AnswerLog {
  return { steps: [], low: [], high: [], exit: [] };
}

export function clearLog({ steps, low, high, exit }: AnswerLog): void {
  steps.length = 0;
  low.length = 0;
  high.length = 0;
  exit.length = 0;
}

export function logAnswer(
  answers: AnswerLog,
  step: Step,
  low: number,
  high: number,
  exit: boolean,
): void {
  answers.steps.push(step);
  answers.low.push(low);
  answers.high.push(high);
  answers.exit.push(exit);
}

/** Appends the answers by which a state was first reached from an earlier one; from the start for {@link NONE}. */
export function logPath(automaton: Automaton, from: number, to: number, answers: AnswerLog): void {
  const states: number[] = [];
  for (let state = to; state !== from; state = automaton.parent[state]!) states.push(state);
  for (let at = states.length - 1; at >= 0; at--) logEdge(automaton, states[at]!, answers);
}

/** Goes on from a state through what is known, to where that ends. Returns the last state. */
export function logWalk(
  automaton: Automaton,
  from: number,
  answers: AnswerLog,
  random: () => number,
): number {
  const { children } = automaton;
  let state = from;
  while (children[state]!.length > 0) {
    state = children[state]![random() % children[state]!.length]!;
    logEdge(automaton, state, answers);
  }
  return state;
}

/** The answer that led to a state from the one before it. */
function logEdge(automaton: Automaton, child: number, answers: AnswerLog): void {
  const parent = automaton.parent[child]!;
  if (parent === NONE) return;
  logAnswer(
    answers,
    automaton.steps[parent]!,
    automaton.answerLow[child]!,
    automaton.answerHigh[child]!,
    automaton.byExit[child]!,
  );
}
