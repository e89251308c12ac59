import { type LitmusTest, litmus } from './litmus.ts';

/** Each thread stores to one variable and loads the other one. */
export const storeBufferingTest: LitmusTest = {
  name: 'store-buffering',
  summary:
    'Litmus test SB: x = 1; r0 = y || y = 1; r1 = x. What the store buffers of this machine show.',
  bodies: [
    (cpu, x, y) => {
      cpu.store32(x, 1);
      return cpu.load32(y) * 2;
    },
    (cpu, x, y) => {
      cpu.store32(y, 1);
      return cpu.load32(x);
    },
  ],
  outcomes: [
    {
      outcome: '0, 0',
      expect: 'INTERESTING',
      description: 'Both loads went before the other thread’s store left its store buffer.',
    },
    { outcome: '0, 1', expect: 'ACCEPTABLE', description: 'The first thread was first.' },
    { outcome: '1, 0', expect: 'ACCEPTABLE', description: 'The second thread was first.' },
    { outcome: '1, 1', expect: 'ACCEPTABLE', description: 'Both stores went first.' },
  ],
};

/** x86-TSO allows 0, 0 for plain accesses; atomic ones must never show it. */
export const storeBuffering = litmus(storeBufferingTest);
