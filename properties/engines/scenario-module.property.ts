import test from 'ava';
import { sample } from '../../src/engines/sample/index.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { UsageError } from '../../src/engines/usage-error.ts';
import { verify } from '../../src/engines/verify/index.ts';

test.after.always(() => closePools());

const example = (name: string): URL => new URL(`../../../examples/${name}.mjs`, import.meta.url);

/** A module of this text. */
const moduleOf = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

/** A scenario whose first thread does this, given `t`; the second one stores 1. */
const scenarioThat = (body: string): URL =>
  moduleOf(`export default {
    name: 'mine',
    vcpus: 2,
    invariants: [{ id: 'MINE', sentence: 'Nobody sees the one.' }],
    outcomes: [{ outcome: 'looked', expect: 'ACCEPTABLE', description: 'It looked.' }],
    threads: [
      { name: 'a', vcpu: 0, start: (t) => ({ step() { ${body}; t.outcome(0); } }) },
      { name: 'b', vcpu: 1, start: (t) => ({ step() { t.cpu.store32(0x10000, 1); } }) },
    ],
  };`);

test.serial(
  "Peterson's lock holds under SC, breaks on x86, and holds there with mb()",
  async (t) => {
    const scenario = example('peterson');
    t.is((await verify({ scenario, model: 'sc' })).verdict, 'pass');
    const broken = await verify({ scenario, model: 'tso' });
    t.true(broken.verdict === 'fail' && broken.invariant === 'X1');
    t.is((await verify({ scenario: example('peterson-fenced'), model: 'tso' })).verdict, 'pass');
  },
);

test.serial(
  'a scenario of its own invariant is told in its own sentence, on both kinds of engines',
  async (t) => {
    const scenario = scenarioThat("if (t.cpu.load32(0x10000) === 1) t.violated('MINE', 'It did.')");
    for (const result of [
      await verify({ scenario, model: 'sc' }),
      await stress({ scenario, seconds: 5, canarySeconds: 0.01 }),
    ]) {
      t.is(result.scenario, 'mine');
      if (result.verdict !== 'fail') {
        t.fail(result.verdict);
        continue;
      }
      t.is<string, string>(result.invariant, 'MINE');
      t.true(result.message.startsWith('Nobody sees the one. It did.'));
    }
  },
);

test.serial(
  'a forbidden outcome is a failure, also where nothing else is said of it',
  async (t) => {
    const scenario = moduleOf(`export default {
    name: 'missed',
    vcpus: 2,
    invariants: [{ id: 'SEEN', sentence: 'One of them sees the other.' }],
    outcomes: [
      { outcome: 'seen', expect: 'ACCEPTABLE', description: 'It was seen.' },
      { outcome: 'missed', expect: 'FORBIDDEN', description: 'It was missed.' },
    ],
    threads: [0, 1].map((vcpu) => ({ name: 'v' + vcpu, vcpu, start: (t) => ({ step() {
      // Away for a while in every step: threads that race for long miss one another again and again.
      t.cpu.store32(0x10000 + 64 * vcpu, 0);
      t.cpu.store32(0x10000 + 64 * vcpu, 1);
      t.outcome(t.cpu.load32(0x10000 + 64 * (1 - vcpu)) === 1 ? 0 : 1);
    } }) })),
  };`);
    for (const result of [
      await verify({ scenario, model: 'sc' }),
      await sample({ scenario, model: 'sc' }),
      await stress({ scenario, seconds: 5, canarySeconds: 0.01 }),
    ]) {
      t.true(result.verdict === 'fail' && result.invariant === 'SEEN', JSON.stringify(result));
      t.true(result.verdict === 'fail' && /It was missed/.test(result.message));
    }
  },
);

const BROKEN: Readonly<Record<string, readonly [string, RegExp]>> = {
  'no default': ['export const x = 1;', /export a scenario as its default/],
  'no scenario': ['export default 7;', /a scenario as an object, got 7/],
  'no threads': [
    "export default { name: 'a', threads: [], invariants: ['X1'], outcomes: [{ outcome: 'x', expect: 'ACCEPTABLE', description: '' }] };",
    /at least one thread/,
  ],
  'an unknown invariant': [
    "export default { name: 'a', threads: [], invariants: ['Q9'], outcomes: [{ outcome: 'x', expect: 'ACCEPTABLE', description: '' }] };",
    /an invariant of the catalogue/,
  ],
  'an error at import': ["throw new Error('boo');", /importing it failed: Error: boo/],
};

for (const [name, [text, message]] of Object.entries(BROKEN)) {
  test.serial(`a module with ${name} is a usage error`, async (t) => {
    const error = await t.throwsAsync(() => verify({ scenario: moduleOf(text) }));
    t.true(error instanceof UsageError);
    t.regex(error!.message, message);
  });
}

const FAILING: Readonly<Record<string, readonly [string, string]>> = {
  throws: ["throw new TypeError('oops')", 'SCENARIO_THREW'],
  'counts an outcome that there is not': ['t.outcome(17)', 'SCENARIO_THREW'],
  'uses an address that is no RAM': ['t.cpu.load32(0x40000000)', 'GUEST_UNBACKED_GPA'],
};

for (const [name, [body, code]] of Object.entries(FAILING)) {
  test.serial(`a program that ${name} is an error with its code`, async (t) => {
    const scenario = scenarioThat(body);
    for (const result of [
      await verify({ scenario, model: 'sc' }),
      await stress({ scenario, seconds: 5, canarySeconds: 0.01 }),
    ]) {
      t.true(result.verdict === 'error' && result.code === code, JSON.stringify(result));
    }
  });
}
