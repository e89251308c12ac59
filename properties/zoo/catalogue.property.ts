import '../seed.ts';
import test from 'ava';
import { scenarios } from '../../src/scenarios/index.ts';
import { INVARIANTS } from '../../src/scenarios/invariants.ts';
import { mutants } from '../../src/zoo/index.ts';

test('ids are unique, and every twin names a scenario, its invariants and what it changes', (t) => {
  t.is(new Set(mutants.map(({ id }) => id)).size, mutants.length);
  const known = new Set<string>(INVARIANTS.map(({ id }) => id));
  for (const mutant of mutants) {
    t.true(
      scenarios.some(({ name }) => name === mutant.scenario),
      mutant.id,
    );
    t.true(
      mutant.invariants.length > 0 && mutant.invariants.every((id) => known.has(id)),
      mutant.id,
    );
    const changed = mutant.side === 'guest' ? mutant.roles : mutant.host;
    t.true(Object.keys(changed ?? mutant.machine ?? {}).length > 0, mutant.id);
    t.regex(mutant.summary, /\.$/, mutant.id);
    t.is(mutant.visibleUnder.length === 0, mutant.notVisible !== undefined, mutant.id);
  }
});

test('names of scenarios are unique, and their invariants and outcomes are there', (t) => {
  t.is(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
  for (const scenario of scenarios) {
    t.true(scenario.invariants.length > 0, scenario.name);
    t.true(scenario.outcomes.length > 0, scenario.name);
    t.true(scenario.vcpus.least <= scenario.vcpus.default, scenario.name);
    t.true(scenario.vcpus.default <= scenario.vcpus.most, scenario.name);
  }
});

test('a scenario that shows a twin checks an invariant of that twin', (t) => {
  for (const mutant of mutants) {
    const scenario = scenarios.find(({ name }) => name === mutant.scenario)!;
    t.true(
      mutant.invariants.some((id) => scenario.invariants.includes(id)),
      mutant.id,
    );
  }
});
