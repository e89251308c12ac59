import {
  createVm,
  DEFAULT_MACHINE,
  type MachineMap,
  type MachineSpec,
  mapMachine,
} from '../../host/machine.ts';
import { createSharedMemory, PlainMemory } from '../../memory/shared-memory.ts';
import type { ControlledSpec, Mutant, Scenario } from '../../scenarios/scenario.ts';
import type { ClockSteps } from './recorded-host-cpu.ts';

/** How much of a scenario the controlled engines explore: everything in it is finite but its loops. */
export interface Instance {
  readonly machine: MachineSpec;
  readonly map: MachineMap;
  /** Host address of the ledger: from here on memory is the checker's. */
  readonly ledger: number;
  readonly memoryBytes: number;
  readonly clock: ClockSteps;
  /** Calls of `step` by each thread, in the order of the scenario's threads. */
  readonly steps: readonly number[];
}

/** What a caller may set about it. */
export interface InstanceOptions {
  readonly vcpus?: number;
  readonly machine?: Partial<MachineSpec>;
  /** Calls of every thread's `step`; by default as the scenario says. */
  readonly steps?: number;
  /** How often the clock advances; by default as the scenario says. */
  readonly clockSteps?: number;
  /** The scenario's small instance with these differences. */
  readonly controlled?: ControlledSpec;
}

/** Of a caller's options those about the instance, without what was left out. */
export function instanceOptions(options: InstanceOptions): InstanceOptions {
  const { vcpus, machine, steps, clockSteps, controlled } = options;
  return {
    ...(vcpus === undefined ? {} : { vcpus }),
    ...(machine === undefined ? {} : { machine }),
    ...(steps === undefined ? {} : { steps }),
    ...(clockSteps === undefined ? {} : { clockSteps }),
    ...(controlled === undefined ? {} : { controlled }),
  };
}

/** Calls of a thread's `step` where the scenario does not say. */
const DEFAULT_STEPS = 1;
const DEFAULT_CLOCK_STEPS = 1;
/** A microsecond at the default 2.3 GHz: far more than any rounding. */
const DEFAULT_TICKS = 2_300n;

/** The instance of a scenario, and its memory as a VMM sets it up. */
export function instanceOf(
  scenario: Scenario,
  mutant: Mutant | undefined,
  options: InstanceOptions,
): { instance: Instance; memory: PlainMemory } {
  const small: ControlledSpec = {
    ...scenario.controlled,
    ...mutant?.controlled,
    ...options.controlled,
  };
  const machine: MachineSpec = {
    ...DEFAULT_MACHINE,
    ...scenario.machine,
    ...small.machine,
    ...mutant?.machine,
    ...options.machine,
    vcpus:
      options.vcpus ??
      options.machine?.vcpus ??
      mutant?.machine?.vcpus ??
      small.vcpus ??
      scenario.vcpus.default,
  };
  const map = mapMachine(machine, machine.vcpus);
  const memoryBytes = Math.ceil((map.end + scenario.ledgerBytes) / 64) * 64;
  const memory = new PlainMemory(createSharedMemory(memoryBytes));
  createVm(machine, map, memory, machine.vcpus);
  const steps = scenario.threads(machine).map(({ name, steps: own }) => {
    const { steps: asked } = small;
    const calls = typeof asked === 'number' ? asked : asked?.[name];
    return options.steps ?? calls ?? own ?? DEFAULT_STEPS;
  });
  const clock = {
    firstTick: machine.firstTick,
    ticks: small.ticks ?? DEFAULT_TICKS,
    steps: options.clockSteps ?? small.clockSteps ?? DEFAULT_CLOCK_STEPS,
  };
  return { instance: { machine, map, ledger: map.end, memoryBytes, clock, steps }, memory };
}
