import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { KVM_SUPPORTED_FEATURES } from '../../src/abi/index.ts';
import { interruptPatterns, machines, schedules } from '../../src/arbitraries/index.ts';
import { replay } from '../../src/engines/replay/index.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';

test.after.always(() => closePools());

const example = (name: string): URL => new URL(`../../../examples/${name}`, import.meta.url);

test('machines keep to their limits, and differ in all that is left open', (t) => {
  const limits = { vcpus: { least: 2, most: 3 }, oneTscLine: false, features: 8 };
  const seen = { features: new Set(), irqchips: new Set(), vcpus: new Set() };
  fc.assert(
    fc.property(machines({ ...limits, irqchips: ['none', 'kernel'] }), (machine) => {
      t.true(machine.vcpus! >= 2 && machine.vcpus! <= 3);
      t.is(machine.tscKhz!.length, machine.vcpus!);
      t.is(machine.features! & 8, 8);
      t.is((machine.features! & ~KVM_SUPPORTED_FEATURES) >>> 0, 0);
      seen.features.add(machine.features);
      seen.irqchips.add(machine.irqchip);
      seen.vcpus.add(machine.vcpus);
    }),
  );
  t.true(seen.features.size > 10);
  t.deepEqual([seen.irqchips.size, seen.vcpus.size], [2, 2]);
});

test('interrupts are of one class and of several', (t) => {
  const classes = new Set<number>();
  fc.assert(
    fc.property(interruptPatterns({ vectors: 4 }), ({ vectors }) => {
      t.true(vectors.length >= 1 && vectors.length <= 4);
      t.true(vectors.every((vector) => vector >= 0x20 && vector <= 0xef));
      if (vectors.length > 1) classes.add(new Set(vectors.map((vector) => vector >> 4)).size);
    }),
  );
  t.true(classes.has(1) && classes.has(4), [...classes].join());
});

test.serial('drawn machines and interrupts race: the reference holds on them', async (t) => {
  const drawn = fc.tuple(machines({ vcpus: 2 }), interruptPatterns());
  await fc.assert(
    fc.asyncProperty(drawn, async ([machine, pattern]) => {
      const result = await stress({
        scenario: 'pv-eoi-storm',
        machine: { ...machine, ...pattern },
        operations: 2_000,
        seconds: 5,
        canarySeconds: 0.01,
      });
      t.true(result.verdict === 'pass' || result.verdict === 'incomplete', JSON.stringify(result));
    }),
    { numRuns: 8 },
  );
});

test.serial('each list of moves is a schedule: those of the reference break nothing', async (t) => {
  await fc.assert(
    fc.asyncProperty(schedules({ threads: 3 }), async (moves) => {
      const result = await replay({ scenario: 'kick-before-halt', moves });
      t.is(result.verdict, 'pass', JSON.stringify(result));
    }),
    { numRuns: 8 },
  );
});

test.serial(
  'the example holds for the correct clock, and finds what breaks the broken one',
  async (t) => {
    const { clockHolds } = (await import(example('drawn-schedules.mjs').href)) as {
      clockHolds(guest: URL, settings?: object): Promise<void>;
    };
    await t.notThrowsAsync(() => clockHolds(example('clock-correct.mjs'), { numRuns: 8 }));
    const broken = await t.throwsAsync(() =>
      clockHolds(example('clock-broken.mjs'), { numRuns: 300, endOnFailure: true }),
    );
    t.regex(broken!.message, /Counterexample: \[\{"vcpus":2,/);
    t.regex(String(broken!.cause), /one publication of the host/);
  },
);
