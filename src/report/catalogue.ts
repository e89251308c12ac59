import { ROLES, type RoleName } from '../guest/roles.ts';
import { INVARIANTS } from '../scenarios/invariants.ts';
import type { Mutant, Scenario } from '../scenarios/scenario.ts';

/** What there is to run, for `list`. */
export interface Catalogue {
  readonly scenarios: readonly ScenarioEntry[];
  readonly mutants: readonly MutantEntry[];
}

/** What `list` tells of a scenario. */
export type ScenarioEntry = Pick<
  Scenario,
  'name' | 'summary' | 'mechanism' | 'roles' | 'invariants' | 'vcpus'
>;

/** What `list` tells of a twin. */
export type MutantEntry = Omit<Mutant, 'host'>;

/** The engines that a scenario runs on unchanged. */
const ENGINES = ['stress', 'sample', 'verify'] as const;

/** The catalogue as the one document that `list --json` prints. */
export function catalogueDocument({ scenarios, mutants }: Catalogue): Record<string, unknown> {
  return {
    scenarios: scenarios.map((scenario) => ({
      name: scenario.name,
      summary: scenario.summary,
      mechanism: scenario.mechanism,
      roles: scenario.roles.map(roleDocument),
      invariants: scenario.invariants,
      mutants: mutantsOf(scenario, mutants).map(({ id }) => id),
      engines: ENGINES,
    })),
    mutants: mutants.map(mutantDocument),
    invariants: INVARIANTS,
  };
}

/** The twins that a scenario shows. */
export function mutantsOf(
  scenario: ScenarioEntry,
  mutants: readonly MutantEntry[],
): readonly MutantEntry[] {
  return mutants.filter((mutant) => mutant.scenario === scenario.name);
}

function roleDocument(name: RoleName): Record<string, unknown> {
  const role = ROLES.find((each) => each.name === name);
  return { name, signature: role?.signature ?? null, doc: role?.doc ?? null };
}

/** A reason why threads cannot show it is there only where there is one: JSON leaves undefined out. */
function mutantDocument(mutant: MutantEntry): Record<string, unknown> {
  const { id, mechanism, side, summary, source, scenario, invariants, visibleUnder, notOnThreads } =
    mutant;
  return { id, mechanism, side, summary, source, scenario, invariants, visibleUnder, notOnThreads };
}
