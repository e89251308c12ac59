import { availableParallelism } from 'node:os';
import { createVm, DEFAULT_MACHINE, type MachineSpec, mapMachine } from '../../host/machine.ts';
import { createSharedMemory, openSharedMemory } from '../../memory/shared-memory.ts';
import { findScenario } from '../../scenarios/index.ts';
import type { Mutant, Scenario } from '../../scenarios/scenario.ts';
import { findMutant } from '../../zoo/index.ts';
import type { ScenarioResult } from '../result.ts';
import { UsageError } from '../usage-error.ts';
import { mapControl } from './control.ts';
import { guestUrl } from './guest-url.ts';
import { judge } from './judge.ts';
import type { StressOptions } from './options.ts';
import { supervise } from './supervisor.ts';
import type { ThreadTask } from './task.ts';

const DEFAULT_SECONDS = 10;
const DEFAULT_CANARY_SECONDS = 0.2;
const DEFAULT_SEED = 'pvrace';

/**
 * Races a scenario on real threads: every vCPU and every host thread in a worker of its own.
 *
 * @throws UsageError for an unknown scenario or twin, or a number of vCPUs that the scenario cannot have
 */
export async function stress(options: StressOptions): Promise<ScenarioResult> {
  const scenario = findScenario(options.scenario);
  const mutant = options.mutant === undefined ? undefined : findMutant(options.mutant);
  if (mutant !== undefined && mutant.scenario !== scenario.name) {
    throw new UsageError(
      `Expected the scenario of ${mutant.id}, which is ${mutant.scenario}, got ${scenario.name}. Run \`pvrace stress ${mutant.scenario} --mutant ${mutant.id}\`.`,
    );
  }
  const machine = machineFor(scenario, mutant, options);
  const specs = scenario.threads(machine);
  const records = Math.max(machine.vcpus, scenario.rounds?.vcpuRecords ?? 0);
  const map = mapMachine(machine, records);
  const control = mapControl(map.end, specs.length, scenario.ledgerBytes);
  const shared = createSharedMemory(control.end);
  const access = options.access ?? 'plain';
  const memory = openSharedMemory(shared, access);
  createVm(machine, map, memory, records);
  const seed = options.seed ?? DEFAULT_SEED;
  const cores = availableParallelism();
  const tasks = specs.map(
    (_, index): ThreadTask => ({
      memory: shared,
      access,
      scenario: scenario.name,
      mutant: mutant?.id,
      guest: options.guest === undefined ? undefined : guestUrl(options.guest),
      machine,
      map,
      control,
      index,
      threads: specs.length,
      cores,
      seed,
      operations: Math.ceil((options.operations ?? 0) / specs.length),
    }),
  );
  const names = specs.map(({ name }) => name);
  const supervised = await supervise(tasks, names, memory, {
    seconds: options.seconds ?? DEFAULT_SECONDS,
    canarySeconds: options.canarySeconds ?? DEFAULT_CANARY_SECONDS,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return judge({
    scenario,
    mutant,
    options,
    machine,
    access,
    seed,
    cores,
    control,
    memory,
    supervised,
    names,
  });
}

function machineFor(
  scenario: Scenario,
  mutant: Mutant | undefined,
  options: StressOptions,
): MachineSpec {
  const { least, most } = scenario.vcpus;
  const vcpus =
    options.vcpus ?? options.machine?.vcpus ?? mutant?.machine?.vcpus ?? scenario.vcpus.default;
  if (!Number.isInteger(vcpus) || vcpus < least || vcpus > most) {
    throw new UsageError(`Expected ${least} to ${most} vCPUs for ${scenario.name}, got ${vcpus}.`);
  }
  return { ...DEFAULT_MACHINE, ...scenario.machine, ...mutant?.machine, ...options.machine, vcpus };
}
