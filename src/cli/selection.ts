import { UsageError } from '../engines/usage-error.ts';
import type { Catalogue, MutantEntry, ScenarioEntry } from '../report/catalogue.ts';
import { findByName } from '../scenarios/find.ts';
import { takesMistakeAway } from '../scenarios/guest-beside-twin.ts';

/** What of the catalogue the user asked for. */
export interface Wanted {
  readonly names: readonly string[];
  /** A scenario of the user's own, in place of a name. */
  readonly own?: ScenarioEntry | undefined;
  readonly mutant?: string | undefined;
  /** The roles that the user's guest takes. */
  readonly guestRoles?: readonly string[] | undefined;
  readonly vcpus?: number | undefined;
}

/** The scenarios to run, and the twin, if any. */
export interface Selection {
  readonly scenarios: readonly ScenarioEntry[];
  readonly mutant?: MutantEntry;
}

/**
 * Scenarios by name, or without names: the twin's own, those with a role that a guest could take,
 * or all; of these the ones that can have so many vCPUs.
 */
export function select(catalogue: Catalogue, wanted: Wanted): Selection {
  const { own } = wanted;
  if (own !== undefined) {
    const names = [own.name, ...wanted.names];
    const scenarios = [own, ...catalogue.scenarios.filter(({ name }) => name !== own.name)];
    return select({ ...catalogue, scenarios }, { ...wanted, own: undefined, names });
  }
  if (wanted.mutant !== undefined) return selectTwin(catalogue, wanted, wanted.mutant);
  return {
    scenarios: wanted.names.length > 0 ? named(catalogue, wanted) : unnamed(catalogue, wanted),
  };
}

function selectTwin(catalogue: Catalogue, wanted: Wanted, id: string): Selection {
  const mutant = findByName('broken twin', id, catalogue.mutants, (one) => one.id);
  const names = wanted.names.length > 0 ? wanted.names : [mutant.scenario];
  const scenarios = named(catalogue, { ...wanted, names });
  const other = scenarios.find(({ name }) => name !== mutant.scenario);
  const wrong = takesMistakeAway(mutant, wanted.guestRoles ?? []);
  if (wrong !== undefined) throw new UsageError(`${wrong} Leave out --guest or --mutant.`);
  if (other === undefined) return { scenarios, mutant };
  throw new UsageError(
    `${id} shows in ${mutant.scenario}, got ${other.name}. Leave the scenario out.`,
  );
}

function named(
  { scenarios }: Catalogue,
  { names, guestRoles, vcpus }: Wanted,
): readonly ScenarioEntry[] {
  const found = [...new Set(names)].map((name) =>
    findByName('scenario', name, scenarios, (one) => one.name),
  );
  for (const scenario of found) {
    if (!takes(scenario, guestRoles)) {
      throw new UsageError(
        `Expected a guest with a role of ${scenario.name} (${scenario.roles.join(', ') || 'it has none'}), got one with ${guestRoles?.join(', ')}. It would test the reference only.`,
      );
    }
    if (fits(scenario, vcpus)) continue;
    const { least, most } = scenario.vcpus;
    throw new UsageError(
      `Expected ${least} to ${most} vCPUs for ${scenario.name}, got --vcpus ${vcpus}.`,
    );
  }
  return found;
}

function unnamed(
  { scenarios }: Catalogue,
  { guestRoles, vcpus }: Wanted,
): readonly ScenarioEntry[] {
  const able = scenarios.filter((scenario) => takes(scenario, guestRoles));
  const chosen = able.filter((scenario) => fits(scenario, vcpus));
  if (chosen.length > 0) return chosen;
  throw new UsageError(
    `No scenario can have ${vcpus} vCPUs. Leave --vcpus out to run each with its own number.`,
  );
}

/** Whether a scenario has a place for any of the roles that a guest brings. */
function takes({ roles }: ScenarioEntry, guestRoles: readonly string[] | undefined): boolean {
  return guestRoles === undefined || roles.some((role) => guestRoles.includes(role));
}

function fits({ vcpus }: ScenarioEntry, count: number | undefined): boolean {
  return count === undefined || (count >= vcpus.least && count <= vcpus.most);
}
