import type { RoleName } from '../guest/roles.ts';
import type { MachineSpec } from '../host/machine.ts';
import { checkDefinition, MOST_VCPUS } from './check-definition.ts';
import { checkMachine } from './check-machine.ts';
import { checkedThreads } from './check-threads.ts';
import type { Invariant, InvariantId } from './invariants.ts';
import { partOf, referenceOf } from './reference-part.ts';
import type { ControlledSpec, Mechanism, OutcomeSpec, Scenario, ThreadSpec } from './scenario.ts';

/** What {@link defineScenario} is given: all of a scenario, and of the rest what differs from the default. */
export interface ScenarioDefinition
  extends Partial<
    Pick<
      Scenario,
      | 'rounds'
      | 'host'
      | 'instrument'
      | 'ledgerBytes'
      | 'ownInvariants'
      | 'keepsState'
      | 'reference'
    >
  > {
  /** Lower-case words with dashes. */
  readonly name: string;
  /** One sentence. */
  readonly summary?: string;
  readonly mechanism?: Mechanism;
  /** What differs from the default machine: 2 vCPUs, 1 MiB, 2.3 GHz, everything that KVM offers. */
  readonly machine?: Partial<MachineSpec>;
  /** A number for exactly so many, by default 1 to 64 and as many as the machine has. */
  readonly vcpus?: number | Scenario['vcpus'];
  /** One program for each thread, or a function of the machine that returns them. */
  readonly threads: readonly ThreadSpec[] | ((machine: MachineSpec) => readonly ThreadSpec[]);
  /** Roles that `--guest` may replace; {@link VcpuThread.roles} has all of them in any case. */
  readonly roles?: readonly RoleName[];
  /** Ids of the catalogue's invariants, or invariants of its own. */
  readonly invariants: readonly (InvariantId | Invariant)[];
  readonly outcomes: readonly OutcomeSpec[];
  /** How small it is for `verify` and `sample`. */
  readonly controlled?: ControlledSpec;
}

/**
 * A scenario of one's own, to be the default export of an ES module that `--scenario` names.
 *
 * @throws UsageError where the definition is not complete, or has what no scenario has
 */
export function defineScenario(definition: ScenarioDefinition): Scenario {
  checkDefinition(definition);
  const { threads, invariants, outcomes, instrument, controlled } = definition;
  const { roles = [], machine = {} } = definition;
  checkMachine(machine);
  if (controlled?.machine !== undefined) checkMachine(controlled.machine);
  const own = [
    ...(definition.ownInvariants ?? []),
    ...invariants.filter((one): one is Invariant => typeof one === 'object'),
  ];
  const ids = invariants.map((one) => (typeof one === 'object' ? one.id : one));
  const threadsOf = (spec: MachineSpec): readonly ThreadSpec[] =>
    checkedThreads(typeof threads === 'function' ? threads(spec) : threads, spec);
  // A reference scenario with another host is one still; what is wrapped or added here may remember.
  const reference = referenceOf(threads);
  const isOf = (part: object | undefined): boolean =>
    part === undefined || referenceOf(part) !== undefined;
  return {
    summary: '',
    mechanism: 'own',
    ledgerBytes: 0,
    ...definition,
    machine,
    roles,
    outcomes,
    invariants: ids as readonly InvariantId[],
    ownInvariants: own,
    keepsState: reference === undefined || !isOf(instrument),
    // One with a small instance of its own has that only.
    ...(reference !== undefined && isOf(controlled) ? { reference } : {}),
    vcpus: vcpusOf(definition),
    threads: reference === undefined ? threadsOf : partOf(reference, threadsOf),
  };
}

const DEFAULT_VCPUS = 2;

function vcpusOf({ vcpus, machine, threads }: ScenarioDefinition): Scenario['vcpus'] {
  if (typeof vcpus === 'number') return { default: vcpus, least: vcpus, most: vcpus };
  if (vcpus !== undefined) return vcpus;
  const used = Array.isArray(threads)
    ? (threads as readonly Partial<ThreadSpec>[]).map((thread) => (thread?.vcpu ?? -1) + 1)
    : [];
  const enough = Math.min(MOST_VCPUS, Math.max(DEFAULT_VCPUS, ...used.filter(Number.isInteger)));
  return { default: machine?.vcpus ?? enough, least: 1, most: MOST_VCPUS };
}
