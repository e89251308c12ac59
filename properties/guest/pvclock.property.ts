import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import type { Vcpu } from '../../src/cpu/vcpu.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { mutants } from '../../src/zoo/index.ts';
import { REFERENCE_PIECES, readerWith } from '../../src/zoo/pvclock-reader.ts';

const AT = { area: 0x1000, lastValue: 0x2000, validFlags: 1 };

/** What an area says at one moment. */
interface Area {
  version: number;
  timestamp: bigint;
  systemTime: bigint;
  mul: number;
  shift: number;
  flags: number;
}

/**
 * A port whose loads are answered by the area of that moment and noted as text; moments go by from
 * step to step, the last one stays.
 */
function scripted(moments: readonly Area[], last: bigint): { cpu: Vcpu; steps: string[] } {
  const steps: string[] = [];
  let lastValue = last;
  let taken = 0;
  let raise = 1n;
  const now = (): Area => moments[Math.min(taken++, moments.length - 1)]!;
  const noted = <Value>(step: string, value: Value): Value => {
    steps.push(`${step}=${value}`);
    return value;
  };
  const port: Partial<Vcpu> = {
    load8: (gpa) => noted(`load8 ${gpa}`, gpa === AT.area + 28 ? now().shift & 0xff : now().flags),
    load32: (gpa) => noted(`load32 ${gpa}`, gpa === AT.area ? now().version : now().mul),
    load64(gpa) {
      if (gpa === AT.lastValue) return noted('load64 last', lastValue);
      return noted(`load64 ${gpa}`, gpa === AT.area + 8 ? now().timestamp : now().systemTime);
    },
    lockCmpxchg64(_gpa, expected, replacement) {
      // Somebody else has raised it since it was loaded, but only once.
      lastValue += raise;
      raise = 0n;
      const old = lastValue;
      if (old === expected) lastValue = replacement;
      return noted(`cmpxchg ${expected} ${replacement}`, old);
    },
    rdtscOrdered: () => noted('rdtsc', 5_000_000_000_000n + BigInt(taken)),
    rdtsc: () => noted('rdtsc without order', 5_000_000_000_000n + BigInt(taken)),
    rmb: () => void steps.push('rmb'),
    compilerBarrier: () => {},
  };
  return { cpu: port as Vcpu, steps };
}

const area = fc.record({
  version: fc.nat(9),
  timestamp: fc.bigInt({ min: 0n, max: 5_000_000_000_000n }),
  systemTime: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  mul: fc.integer({ min: 2 ** 31, max: 2 ** 32 - 1 }),
  shift: fc.integer({ min: -3, max: 3 }),
  flags: fc.nat(7),
});
// Versions only ever grow, and the last one stays even, so that every reader comes to an end.
const moments = fc.tuple(fc.array(area, { maxLength: 24 }), area).map(([some, last]) => {
  let version = 0;
  const grown = some.map((moment) => {
    if (moment.version === 9) version++;
    return { ...moment, version };
  });
  return [...grown, { ...last, version: (version + 1) & ~1 }];
});

function run(
  reader: typeof referenceGuest.readClock,
  when: readonly Area[],
  last: bigint,
): string[] {
  const { cpu, steps } = scripted(when, last);
  const value = reader(cpu, AT);
  return [...steps, `return ${value}`];
}

test('a reader made of the reference pieces does step for step what the reference does', (t) => {
  const rebuilt = readerWith(REFERENCE_PIECES);
  fc.assert(
    fc.property(moments, fc.bigInt({ min: 0n, max: 2n ** 63n }), (when, last) => {
      const expected = run(referenceGuest.readClock, when, last);
      return run(rebuilt, when, last).join('\n') === expected.join('\n');
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('every twin of readClock differs from the reference somewhere', (t) => {
  for (const { id, roles } of mutants) {
    const twin = roles?.readClock;
    if (twin === undefined) continue;
    const found = fc.check(
      fc.property(moments, fc.bigInt({ min: 0n, max: 2n ** 63n }), (when, last) => {
        const steps = run(referenceGuest.readClock, when, last);
        return run(twin, when, last).join('\n') === steps.join('\n');
      }),
      { numRuns: 500 },
    );
    t.true(found.failed, id);
  }
});

test('an accepted read saw one even version, before and after', (t) => {
  fc.assert(
    fc.property(moments, (when) => {
      const steps = run(referenceGuest.readClock, when, 0n);
      const versions = steps.filter((step) => step.startsWith(`load32 ${AT.area}=`));
      const [before, after] = versions.slice(-2).map((step) => Number(step.split('=')[1]));
      return before === after && before! % 2 === 0;
    }),
  );
  t.pass();
});
