import type { MachineSpec } from '../host/machine.ts';
import { DEFAULT_MACHINE } from '../host/machine.ts';
import { defineScenario, type ScenarioDefinition } from '../scenarios/define-scenario.ts';
import type { Scenario, ThreadSpec } from '../scenarios/scenario.ts';
import { importFailure } from './guest-module.ts';
import { importModule } from './import-module.ts';
import { findRunnable } from './runnable.ts';

/** The user's scenario module cannot be used. */
export class ScenarioModuleError extends Error {
  override readonly name = 'ScenarioModuleError';
}

/** Whether a scenario is named by the URL of a module, and not by its name. */
export function isScenarioModule(name: string): boolean {
  return /^(file|data):/.test(name);
}

/**
 * A scenario by name, or by the URL of the user's module. A module is only ever imported in a worker: it
 * may spin, throw or exit meanwhile.
 *
 * @throws ScenarioModuleError, UsageError
 */
export async function loadScenario(name: string): Promise<Scenario> {
  if (!isScenarioModule(name)) return findRunnable(name);
  let exported: { readonly default?: unknown };
  try {
    exported = await importModule(name);
  } catch (error) {
    throw new ScenarioModuleError(
      `Expected an ES module at ${name}, but importing it failed: ${importFailure(error)}`,
    );
  }
  if (exported.default === undefined) {
    throw new ScenarioModuleError(
      `Expected ${name} to export a scenario as its default (export default defineScenario({ … })), got none.`,
    );
  }
  // Also what was defined already: it has all that a definition has.
  return defineScenario(exported.default as ScenarioDefinition);
}

/** All of a scenario but its code: what the main thread may know of a module. Crosses threads. */
export type ScenarioDescription = Omit<Scenario, 'threads' | 'instrument' | 'host'> & {
  readonly threads: readonly Pick<ThreadSpec, 'name' | 'vcpu' | 'steps'>[];
};

/** Describes a scenario on a machine, of which the threads may depend. */
export function describeScenario(
  scenario: Scenario,
  differs: Partial<MachineSpec>,
): ScenarioDescription {
  const vcpus = differs.vcpus ?? scenario.vcpus.default;
  const machine = { ...DEFAULT_MACHINE, ...scenario.machine, ...differs, vcpus };
  const { name, summary, mechanism, roles, invariants, ownInvariants, outcomes } = scenario;
  const { rounds, controlled, ledgerBytes } = scenario;
  return {
    name,
    summary,
    mechanism,
    roles: [...roles],
    invariants: [...invariants],
    outcomes: outcomes.map((outcome) => ({ ...outcome })),
    vcpus: { ...scenario.vcpus },
    machine: { ...scenario.machine },
    ledgerBytes,
    ...(ownInvariants === undefined ? {} : { ownInvariants: [...ownInvariants] }),
    ...(scenario.keepsState === undefined ? {} : { keepsState: scenario.keepsState }),
    ...(scenario.reference === undefined ? {} : { reference: scenario.reference }),
    ...(rounds === undefined ? {} : { rounds: { ...rounds } }),
    ...(controlled === undefined ? {} : { controlled: { ...controlled } }),
    threads: scenario.threads(machine).map((thread) => ({
      name: thread.name,
      ...(thread.vcpu === undefined ? {} : { vcpu: thread.vcpu }),
      ...(thread.steps === undefined ? {} : { steps: thread.steps }),
    })),
  };
}
