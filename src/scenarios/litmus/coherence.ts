import type { OutcomeSpec } from '../scenario.ts';
import { type LitmusTest, litmus } from './litmus.ts';

const VALUES = [0, 1, 2];

/** One thread stores 1, then 2; the other one loads twice. */
export const coherenceTest: LitmusTest = {
  name: 'coherence',
  summary: 'Litmus test CoRR: x = 1; x = 2 || r0 = x; r1 = x. One word never goes back.',
  bodies: [
    (cpu, x) => {
      cpu.store32(x, 1);
      cpu.store32(x, 2);
      return 0;
    },
    (cpu, x) => {
      const first = cpu.load32(x);
      return first * VALUES.length + cpu.load32(x);
    },
  ],
  outcomes: VALUES.flatMap((first) => VALUES.map((second): OutcomeSpec => graded(first, second))),
};

function graded(first: number, second: number): OutcomeSpec {
  const outcome = `${first}, ${second}`;
  if (second < first) return { outcome, expect: 'FORBIDDEN', description: 'The word went back.' };
  if (second === first)
    return { outcome, expect: 'ACCEPTABLE', description: 'The same value twice.' };
  return { outcome, expect: 'ACCEPTABLE', description: 'A store came between the two loads.' };
}

/** Every memory model worth the name keeps this. */
export const coherence = litmus(coherenceTest);
