import { type LitmusTest, litmus } from './litmus.ts';

/** One thread stores data, then a flag; the other one loads the flag, then the data. */
export const messagePassingTest: LitmusTest = {
  name: 'message-passing',
  summary:
    'Litmus test MP: x = 1; wmb; y = 1 || r0 = y; rmb; r1 = x. Whoever sees the flag sees the data.',
  bodies: [
    (cpu, x, y) => {
      cpu.store32(x, 1);
      // Emits nothing on x86. Pairs with the read barrier of the other thread.
      cpu.wmb();
      cpu.store32(y, 1);
      return 0;
    },
    (cpu, x, y) => {
      const flag = cpu.load32(y);
      // Pairs with the write barrier of the other thread.
      cpu.rmb();
      return flag * 2 + cpu.load32(x);
    },
  ],
  outcomes: [
    { outcome: '0, 0', expect: 'ACCEPTABLE', description: 'Neither was seen.' },
    {
      outcome: '0, 1',
      expect: 'ACCEPTABLE',
      description: 'The data came between the two loads, or the flag after them.',
    },
    {
      outcome: '1, 0',
      expect: 'FORBIDDEN',
      description: 'The flag was seen and the data was not.',
    },
    { outcome: '1, 1', expect: 'ACCEPTABLE', description: 'Both were seen.' },
  ],
};

/** x86 keeps stores in order and loads in order. */
export const messagePassing = litmus(messagePassingTest);
