import { coherenceTest } from '../../src/scenarios/litmus/coherence.ts';
import type { LitmusTest } from '../../src/scenarios/litmus/litmus.ts';
import { messagePassingTest } from '../../src/scenarios/litmus/message-passing.ts';
import { storeBufferingTest } from '../../src/scenarios/litmus/store-buffering.ts';

/** The litmus tests, and the same with a mistake that must show as a forbidden outcome. */
export const PROGRAMS = {
  'store-buffering': storeBufferingTest,
  'message-passing': messagePassingTest,
  coherence: coherenceTest,
  'message-passing, flag before data': {
    ...messagePassingTest,
    bodies: [
      (cpu, x, y) => {
        cpu.store32(y, 1);
        cpu.store32(x, 1);
        return 0;
      },
      messagePassingTest.bodies[1]!,
    ],
  },
  'message-passing, data loaded first': {
    ...messagePassingTest,
    bodies: [
      messagePassingTest.bodies[0]!,
      (cpu, x, y) => {
        const data = cpu.load32(x);
        return cpu.load32(y) * 2 + data;
      },
    ],
  },
  'coherence, loads swapped': {
    ...coherenceTest,
    bodies: [
      coherenceTest.bodies[0]!,
      (cpu, x) => {
        const second = cpu.load32(x);
        return cpu.load32(x) * 3 + second;
      },
    ],
  },
} as const satisfies Record<string, LitmusTest>;

export type ProgramName = keyof typeof PROGRAMS;

export const CORRECT: readonly ProgramName[] = ['store-buffering', 'message-passing', 'coherence'];
export const WRONG = (Object.keys(PROGRAMS) as ProgramName[]).filter(
  (name) => !CORRECT.includes(name),
);
