import '../../seed.ts';
import test from 'ava';
import { verifyHere } from '../../../src/engines/verify/verify-here.ts';
import { LITMUS, litmusScenario } from './litmus-table.ts';

const LIMITS = { maxStates: 2_000_000, maxBytes: 2 ** 30 };

for (const litmus of LITMUS) {
  for (const model of ['sc', 'tso', 'weak'] as const) {
    const allowed = litmus.allowed[model];
    test(`${litmus.name} is ${allowed ? 'allowed' : 'forbidden'} under ${model}`, (t) => {
      const scenario = litmusScenario(litmus);
      for (const unreduced of [false, true]) {
        const { kind } = verifyHere({ scenario, model, unreduced }, LIMITS);
        t.is(kind, allowed ? 'failure' : 'all', unreduced ? 'unreduced' : 'reduced');
      }
    });
  }
}
