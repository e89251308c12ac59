import { findMutant } from '../../zoo/index.ts';
import { checkOptions } from '../check-options.ts';
import type { ScenarioResult } from '../result.ts';
import { scenarioName, scenarioOf } from '../scenario-of.ts';
import { UsageError } from '../usage-error.ts';
import { judge } from './judge.ts';
import type { StressOptions } from './options.ts';
import { setUpRun } from './set-up.ts';
import { supervise } from './supervisor.ts';

const DEFAULT_SECONDS = 10;
const DEFAULT_CANARY_SECONDS = 0.2;

/**
 * Races a scenario on real threads: every vCPU and every host thread in a worker of its own.
 *
 * @throws UsageError for an unknown scenario or twin, or an option that cannot be what it is
 */
export async function stress(options: StressOptions): Promise<ScenarioResult> {
  checkOptions(options);
  const name = scenarioName(options.scenario);
  const scenario = await scenarioOf(name, options);
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  if (mutant !== undefined && mutant.scenario !== scenario.name) {
    throw new UsageError(
      `Expected the scenario of ${mutant.id}, which is ${mutant.scenario}, got ${scenario.name}. Run \`pvrace stress ${mutant.scenario} --mutant ${mutant.id}\`.`,
    );
  }
  const run = setUpRun(scenario, mutant, options, name);
  const supervised = await supervise(run.tasks, run.names, run.memory, {
    seconds: options.seconds ?? DEFAULT_SECONDS,
    canarySeconds: options.canarySeconds ?? DEFAULT_CANARY_SECONDS,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return judge({ scenario, mutant, options, ...run, supervised });
}
