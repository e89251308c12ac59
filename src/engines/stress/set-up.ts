import { availableParallelism } from 'node:os';
import { createVm, DEFAULT_MACHINE, type MachineSpec, mapMachine } from '../../host/machine.ts';
import {
  type AccessMode,
  createSharedMemory,
  openSharedMemory,
  type SharedMemory,
} from '../../memory/shared-memory.ts';
import type { Mutant, Scenario } from '../../scenarios/scenario.ts';
import { guestUrl } from '../guest-url.ts';
import { UsageError } from '../usage-error.ts';
import { type ControlMap, mapControl } from './control.ts';
import type { StressOptions } from './options.ts';
import type { ThreadTask } from './task.ts';

const DEFAULT_SEED = 'pvrace';

/** A run that is ready to be supervised. */
export interface RunSetUp {
  readonly machine: MachineSpec;
  readonly access: AccessMode;
  readonly seed: string;
  readonly cores: number;
  readonly control: ControlMap;
  readonly memory: SharedMemory;
  readonly tasks: readonly ThreadTask[];
  /** Name of each thread, in the order of the tasks. */
  readonly names: readonly string[];
}

/**
 * Creates the machine of a run in fresh memory, and a task for each of its threads.
 *
 * @param name of the scenario, or the URL of its module, for the workers
 * @throws UsageError for a number of vCPUs that the scenario cannot have
 */
export function setUpRun(
  scenario: Scenario,
  mutant: Mutant | undefined,
  options: StressOptions & { readonly quiet?: boolean },
  name = scenario.name,
): RunSetUp {
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
      scenario: name,
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
      quiet: options.quiet ?? false,
    }),
  );
  const names = specs.map(({ name }) => name);
  return { machine, access, seed, cores, control, memory, tasks, names };
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
