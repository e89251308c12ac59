import { INVARIANTS } from '../scenarios/invariants.ts';
import { type Catalogue, type MutantEntry, mutantsOf, type ScenarioEntry } from './catalogue.ts';
import type { Page } from './page.ts';
import { indented } from './text.ts';

const INDENT = 4;

/** What there is to run, in words. */
export function listLines({ scenarios, mutants }: Catalogue, page: Page): readonly string[] {
  const { strong } = page.palette;
  return [
    strong('Scenarios (pvrace stress NAME)'),
    ...scenarios.flatMap((scenario) => scenarioLines(scenario, mutants, page)),
    '',
    strong('Broken twins (pvrace stress --mutant ID)'),
    ...mutants.flatMap((mutant) => mutantLines(mutant, page)),
    '',
    strong('Invariants'),
    ...INVARIANTS.flatMap(({ id, sentence }) => entry(id, sentence, [], page)),
  ];
}

function scenarioLines(
  scenario: ScenarioEntry,
  mutants: readonly MutantEntry[],
  page: Page,
): readonly string[] {
  const twins = mutantsOf(scenario, mutants).map(({ id }) => id);
  return entry(
    scenario.name,
    scenario.summary,
    [
      ...(scenario.roles.length > 0 ? [`Roles: ${scenario.roles.join(', ')}`] : []),
      ...(scenario.invariants.length > 0 ? [`Invariants: ${scenario.invariants.join(', ')}`] : []),
      ...(twins.length > 0 ? [`Twins: ${twins.join(', ')}`] : []),
    ],
    page,
  );
}

function mutantLines(mutant: MutantEntry, page: Page): readonly string[] {
  const { id, side, scenario, summary, invariants, notOnThreads } = mutant;
  return entry(
    `${id} (${side})`,
    summary,
    [
      `Breaks ${invariants.join(', ')} in ${scenario}`,
      ...(notOnThreads === undefined ? [] : [`Not on threads: ${notOnThreads}`]),
    ],
    page,
  );
}

function entry(
  name: string,
  text: string,
  details: readonly string[],
  page: Page,
): readonly string[] {
  return [
    ...indented(name, page.columns, INDENT / 2).map(page.palette.good),
    ...indented(text, page.columns, INDENT),
    ...details.flatMap((line) => indented(line, page.columns, INDENT)).map(page.palette.faint),
  ];
}
