import type { Step } from './step.ts';

/** Thrown through a program at its first step without an answer. Every later port call throws it again. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  constructor() {
    super('The run of the program is over; this must not be caught.');
  }
}

/** The one that is thrown: a stack for each run would cost more than the run. */
export const UNANSWERED = new Unanswered();

/** The same results led a program to another step. */
export class NotDeterministic extends Error {
  override readonly name = 'NotDeterministic';
  readonly expected: Step;
  readonly got: Step | undefined;
  constructor(got: Step | undefined, expected: Step, place: number) {
    super(
      `Expected the program to take the same step ${place + 1} after the same results, but it took another one. It keeps state outside its locals and the shared memory.`,
    );
    this.got = got;
    this.expected = expected;
  }
}

/** A program went on and on without a step that anybody else could see. */
export class PortExhausted extends Error {
  override readonly name = 'PortExhausted';
  constructor(calls: number) {
    super(
      `Expected the program to come to a step that others can see, but it made ${calls} calls of the port without one. Does it loop for ever?`,
    );
  }
}

/** A program returned although its run had been ended: it caught what must not be caught. */
export class AbortSwallowed extends Error {
  override readonly name = 'AbortSwallowed';
  constructor(thread: string) {
    super(
      `Expected what the port throws at the end of a run to pass through ${thread}, but something caught it. Let it through.`,
    );
  }
}
