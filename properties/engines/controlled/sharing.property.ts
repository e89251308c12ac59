import '../../seed.ts';
import test from 'ava';
import { seqlock } from '../../../benchmarks/controlled/seqlock.ts';
import { Stepper } from '../../../src/engines/controlled/stepper.ts';
import { SystemFactory } from '../../../src/engines/controlled/system.ts';
import { SCRATCH } from '../../../src/scenarios/guest-map.ts';
import type { Scenario } from '../../../src/scenarios/scenario.ts';

const ASKED = SCRATCH;
const ANSWERED = SCRATCH + 64;
const ROW = SCRATCH + 128;
const WORDS = 32;

/** A row of words is asked for and handed over: of two threads that run alone, one reads none of them. */
const handOver: Scenario = {
  ...seqlock({ updates: 1, readers: 1, relaxes: true }),
  name: 'hand-over',
  outcomes: [
    { outcome: 'all', expect: 'ACCEPTABLE', description: 'The whole row is there.' },
    { outcome: 'some', expect: 'FORBIDDEN', description: 'Some of it is not.' },
  ],
  threads: () => [
    {
      name: 'reader',
      start: ({ kvm: { memory, cpu }, outcome }) => ({
        step() {
          memory.store32(ASKED, 1);
          while (memory.load32(ANSWERED) === 0) cpu.relax();
          let sum = 0;
          for (let word = 0; word < WORDS; word++) sum += memory.load32(ROW + word * 4);
          outcome(sum === WORDS ? 0 : 1);
        },
      }),
    },
    {
      name: 'writer',
      start: ({ kvm: { memory, cpu } }) => ({
        step() {
          while (memory.load32(ASKED) === 0) cpu.relax();
          for (let word = 0; word < WORDS; word++) memory.store32(ROW + word * 4, 1);
          memory.store32(ANSWERED, 1);
        },
      }),
    },
  ],
};

test('what threads share is found out by few restarts, not by one for each cell', (t) => {
  let restarts = 0;
  const cells = new SystemFactory({ scenario: handOver, model: 'sc' }).explore((system) => {
    restarts++;
    const stepper = new Stepper(system);
    stepper.reset();
    for (let turn = 0; !stepper.finished && stepper.violator < 0; turn++) {
      const actor = turn % stepper.actors;
      if (stepper.alternatives(actor) > 0) stepper.take(actor, 0);
    }
    t.true(stepper.violator < 0);
    return system.cells.length;
  });
  t.is(cells, 2 + WORDS);
  t.true(restarts <= 4, `${restarts}`);
});
