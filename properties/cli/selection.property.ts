import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { select } from '../../src/cli/selection.ts';
import { UsageError } from '../../src/engines/usage-error.ts';
import { MUTANTS, SCENARIOS } from './world.ts';

const catalogue = { scenarios: SCENARIOS, mutants: MUTANTS };
const allNames = SCENARIOS.map(({ name }) => name);

test('scenarios run in the order of their names, each once', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...allNames), { minLength: 1 }), (names) => {
        t.deepEqual(
          select(catalogue, { names }).scenarios.map(({ name }) => name),
          [...new Set(names)],
        );
      }),
    ),
  );
});

test('without names all run that can: with a role for a guest, with so many vCPUs', (t) => {
  const wanted = fc.record({
    guestRoles: fc.constantFrom<readonly string[] | undefined>(
      undefined,
      ['readClock'],
      ['signalEoi', 'readClock'],
    ),
    vcpus: fc.constantFrom(undefined, 1, 2, 8),
  });
  t.notThrows(() =>
    fc.assert(
      fc.property(wanted, ({ guestRoles, vcpus }) => {
        const chosen = select(catalogue, { names: [], guestRoles, vcpus }).scenarios;
        for (const scenario of SCENARIOS) {
          const { least, most } = scenario.vcpus;
          const able = vcpus === undefined || (vcpus >= least && vcpus <= most);
          t.is(
            chosen.includes(scenario),
            able &&
              (guestRoles === undefined ||
                scenario.roles.some((role) => guestRoles.includes(role))),
          );
        }
      }),
    ),
  );
});

test('a guest without a role of the scenario that is named is refused', (t) => {
  t.throws(() => select(catalogue, { names: ['torn-read'], guestRoles: ['signalEoi'] }), {
    instanceOf: UsageError,
    message: /readClock.*signalEoi/,
  });
});

test('a twin brings its scenario', (t) => {
  for (const { id, scenario } of MUTANTS) {
    const selection = select(catalogue, { names: [], mutant: id });
    t.deepEqual(
      [selection.mutant?.id, ...selection.scenarios.map(({ name }) => name)],
      [id, scenario],
    );
  }
});

test('a twin in the scenario of another, and vCPUs that a scenario cannot have, are refused', (t) => {
  const refusals = [
    () => select(catalogue, { names: ['torn-read'], mutant: 'Z-E1' }),
    () => select(catalogue, { names: ['store-buffering'], vcpus: 3 }),
    () => select(catalogue, { names: [], vcpus: 64 }),
  ];
  const messages = refusals.map((refused) => t.throws(refused, { instanceOf: UsageError }).message);
  t.regex(messages[0]!, /Z-E1 shows in eoi-storm, got torn-read/);
  t.regex(messages[1]!, /Expected 2 to 2 vCPUs for store-buffering, got --vcpus 3/);
  t.regex(messages[2]!, /64 vCPUs/);
});

test('a name with one letter wrong is told what it could have been', (t) => {
  const typos = fc
    .constantFrom(...allNames)
    .chain((name) =>
      fc.tuple(fc.constant(name), fc.nat({ max: name.length - 1 }), fc.constantFrom('', 'x', 'q')),
    );
  t.notThrows(() =>
    fc.assert(
      fc.property(typos, ([name, place, letter]) => {
        const typo = name.slice(0, place) + letter + name.slice(place + 1);
        fc.pre(typo !== name);
        const error = t.throws(() => select(catalogue, { names: [typo] }), {
          instanceOf: UsageError,
        });
        t.true(error.message.includes(name));
        t.true(error.message.includes('pvrace list'));
      }),
    ),
  );
});
