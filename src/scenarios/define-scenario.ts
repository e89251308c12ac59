import type { RoleName } from '../guest/roles.ts';
import { ROLES } from '../guest/roles.ts';
import type { MachineSpec } from '../host/machine.ts';
import { INVARIANTS, type Invariant, type InvariantId } from './invariants.ts';
import type { ControlledSpec, Mechanism, OutcomeSpec, Scenario, ThreadSpec } from './scenario.ts';
import { UsageError } from './usage-error.ts';

/** What {@link defineScenario} is given: all of a scenario, and of the rest what differs from the default. */
export interface ScenarioDefinition
  extends Partial<Pick<Scenario, 'rounds' | 'instrument' | 'ledgerBytes' | 'ownInvariants'>> {
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
 * @throws UsageError where the definition is not complete
 */
export function defineScenario(definition: ScenarioDefinition): Scenario {
  const wrong = (expected: string, got: unknown): UsageError =>
    new UsageError(`Expected ${expected} in a scenario, got ${describe(got)}.`);
  if (typeof definition !== 'object' || definition === null)
    throw new UsageError(`Expected a scenario as an object, got ${describe(definition)}.`);
  const { name, threads, invariants, outcomes, roles = [], machine = {} } = definition;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw wrong('a name of lower-case letters, digits and dashes', name);
  if (typeof threads !== 'function' && !Array.isArray(threads))
    throw wrong('threads, or a function that returns them,', threads);
  if (!Array.isArray(invariants) || invariants.length === 0)
    throw wrong('at least one invariant', invariants);
  if (!Array.isArray(outcomes) || outcomes.length === 0)
    throw wrong('at least one outcome', outcomes);
  for (const role of roles) {
    if (!ROLES.some((one) => one.name === role)) throw wrong('the name of a role', role);
  }
  for (const { outcome, expect } of outcomes as readonly OutcomeSpec[]) {
    if (typeof outcome !== 'string' || !EXPECTATIONS.includes(expect))
      throw wrong(`outcomes graded ${EXPECTATIONS.join(', ')}`, expect);
  }
  const own = [
    ...(definition.ownInvariants ?? []),
    ...invariants.filter((one): one is Invariant => typeof one === 'object'),
  ];
  const ids = invariants.map((one) => (typeof one === 'object' ? one.id : one));
  for (const id of ids) {
    const known = INVARIANTS.some((one) => one.id === id) || own.some((one) => one.id === id);
    if (!known) throw wrong('an invariant of the catalogue, or { id, sentence },', id);
  }
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
    vcpus: vcpusOf(definition),
    threads: (spec) => checkedThreads(typeof threads === 'function' ? threads(spec) : threads),
  };
}

const EXPECTATIONS: readonly string[] = ['ACCEPTABLE', 'INTERESTING', 'FORBIDDEN'];
const MOST_VCPUS = 64;
const DEFAULT_VCPUS = 2;

function vcpusOf({ vcpus, machine }: ScenarioDefinition): Scenario['vcpus'] {
  if (typeof vcpus === 'number') return { default: vcpus, least: vcpus, most: vcpus };
  return vcpus ?? { default: machine?.vcpus ?? DEFAULT_VCPUS, least: 1, most: MOST_VCPUS };
}

function checkedThreads(threads: readonly ThreadSpec[]): readonly ThreadSpec[] {
  if (!Array.isArray(threads) || threads.length === 0)
    throw new UsageError(`Expected at least one thread in a scenario, got ${describe(threads)}.`);
  for (const thread of threads as readonly ThreadSpec[]) {
    if (typeof thread?.name === 'string' && typeof thread.start === 'function') continue;
    throw new UsageError(
      `Expected each thread of a scenario to be { name, vcpu, start(thread) }, got ${describe(thread)}.`,
    );
  }
  return threads;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return value.length === 0 ? 'none' : 'an array';
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 6).join(', ')}`;
  }
  return String(value);
}
