import test from 'ava';
import type { ScenarioResult } from '../../src/engines/result.ts';
import { type StressOptions, stress } from '../../src/engines/stress/index.ts';
import type { Mutant } from '../../src/scenarios/scenario.ts';

const CANARY_SECONDS = 0.01;

/**
 * Races what is correct. A machine that is busy may lose no canary update in so short a time, which
 * leaves the race incomplete; nothing else may happen.
 *
 * @throws Error with all that broke: fast-check shows it with the machine that it was drawn for
 */
export async function expectHolds(options: StressOptions): Promise<ScenarioResult> {
  const result = await stress({ canarySeconds: CANARY_SECONDS, ...options });
  if (result.verdict === 'pass' || result.verdict === 'incomplete') return result;
  const { verdict, message } = result;
  const broken =
    verdict === 'fail' ? `${result.invariant}: ${JSON.stringify(result.evidence)}` : '';
  throw new Error(`${result.scenario}: ${verdict}: ${message} ${broken}`);
}

/** A test for each twin: threads break an invariant that is its own. */
export function testKills(twins: readonly Mutant[], seconds = 20): void {
  for (const { id, scenario, invariants } of twins) {
    test.serial(`${id} is killed by its own invariant`, async (t) => {
      const result = await stress({
        scenario,
        mutant: id,
        seconds,
        canarySeconds: CANARY_SECONDS,
      });
      t.is(result.verdict, 'fail', JSON.stringify(result.outcomes));
      t.true(
        result.verdict === 'fail' && invariants.some((one) => one === result.invariant),
        JSON.stringify(result),
      );
    });
  }
}
