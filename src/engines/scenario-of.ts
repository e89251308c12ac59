import { Piscina } from 'piscina';
import type { MachineSpec } from '../host/machine.ts';
import { checkMachine } from '../scenarios/check-machine.ts';
import { findScenario } from '../scenarios/index.ts';
import type { HostThreadSpec, Scenario } from '../scenarios/scenario.ts';
import { guestUrl } from './guest-url.ts';
import { isScenarioModule, type ScenarioDescription } from './scenario-module.ts';
import { UsageError } from './usage-error.ts';
import { workerFile } from './worker-file.ts';

/** Milliseconds that a module gets to be imported and to say what its threads are. */
const IMPORT = 5_000;

/** What the worker says of a scenario module. */
export type ScenarioInspection =
  | { readonly kind: 'scenario'; readonly description: ScenarioDescription }
  | { readonly kind: 'failure'; readonly message: string };

/** What the worker is asked. */
export interface ScenarioQuestion {
  readonly scenario: string;
  readonly differs: Partial<MachineSpec>;
}

/** How an option names a scenario: its name, or a module's URL, also by its path. */
export function scenarioName(scenario: string | URL): string {
  if (scenario instanceof URL) return scenario.href;
  return /[/\\]|\.[cm]?[jt]s$/.test(scenario) ? guestUrl(scenario) : scenario;
}

/**
 * A scenario as the main thread may have it: one of a module without its code, which only workers run.
 *
 * @throws UsageError for a name that there is not, or a module that cannot be used
 */
export async function scenarioOf(
  name: string,
  options: {
    readonly vcpus?: number | undefined;
    readonly machine?: Partial<MachineSpec> | undefined;
  },
): Promise<Scenario> {
  if (options.machine !== undefined) checkMachine(options.machine);
  if (!isScenarioModule(name)) return findScenario(name);
  const differs = {
    ...options.machine,
    ...(options.vcpus === undefined ? {} : { vcpus: options.vcpus }),
  };
  const { threads, ...description } = await inspect({ scenario: name, differs });
  return {
    ...description,
    threads: () =>
      threads.map(
        (thread): HostThreadSpec => ({ ...thread, vcpu: undefined, start: runsInWorkersOnly }),
      ),
  };
}

function runsInWorkersOnly(): never {
  throw new UsageError('Expected a scenario module to run in a worker, got the main thread.');
}

/** Imports a module in a worker, which is ended if it takes too long. */
async function inspect(question: ScenarioQuestion): Promise<ScenarioDescription> {
  const worker = new Piscina<ScenarioQuestion, ScenarioInspection>({
    filename: workerFile('stress'),
    maxThreads: 1,
  });
  worker.on('error', () => {});
  try {
    const inspection = await worker.run(question, {
      name: 'inspectScenario',
      signal: AbortSignal.timeout(IMPORT),
    });
    if (inspection.kind === 'scenario') return inspection.description;
    throw new UsageError(inspection.message);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `Expected a scenario module at ${question.scenario} that can be imported within ${IMPORT / 1000} s, but it did not come back: ${(error as Error).message}`,
    );
  } finally {
    await worker.destroy();
  }
}
