import {
  createVm,
  DEFAULT_MACHINE,
  type MachineMap,
  type MachineSpec,
  mapMachine,
} from '../../host/machine.ts';
import { createSharedMemory, PlainMemory } from '../../memory/shared-memory.ts';
import type { ControlledSpec, Mutant, Scenario } from '../../scenarios/scenario.ts';
import { UsageError } from '../usage-error.ts';
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

/** @throws UsageError where a thread is to make more calls than a round has instances */
export function checkCalls({ name, rounds }: Scenario, calls: number | undefined): void {
  if (rounds === undefined || calls === undefined || calls <= rounds.instances) return;
  throw new UsageError(
    `Expected at most ${rounds.instances} calls of each thread of ${name}, one for each instance of its round, got ${calls}. Ask for fewer.`,
  );
}

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
  const asked: MachineSpec = {
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
  const steps = callsOf(scenario, asked, small, options);
  // What the instances of a round need, for those that are told.
  const { vcpuRecords = 0, vcpuEach = false } = scenario.rounds ?? {};
  const told = Math.max(...steps);
  const machine = vcpuEach ? { ...asked, vcpus: Math.max(asked.vcpus, told) } : asked;
  const records = Math.max(machine.vcpus, Math.min(vcpuRecords, told));
  const map = mapMachine(machine, records);
  const memoryBytes = Math.ceil((map.end + scenario.ledgerBytes) / 64) * 64;
  const memory = new PlainMemory(createSharedMemory(memoryBytes));
  createVm(machine, map, memory, records);
  const clock = {
    firstTick: machine.firstTick,
    ticks: small.ticks ?? DEFAULT_TICKS,
    steps: options.clockSteps ?? small.clockSteps ?? DEFAULT_CLOCK_STEPS,
  };
  return { instance: { machine, map, ledger: map.end, memoryBytes, clock, steps }, memory };
}

/** How often each thread calls its `step`. @throws UsageError */
function callsOf(
  scenario: Scenario,
  machine: MachineSpec,
  { steps: asked }: ControlledSpec,
  options: InstanceOptions,
): readonly number[] {
  return scenario.threads(machine).map(({ name, steps: own }) => {
    const calls = typeof asked === 'number' ? asked : asked?.[name];
    const steps = options.steps ?? calls ?? own ?? DEFAULT_STEPS;
    checkCalls(scenario, steps);
    return steps;
  });
}
