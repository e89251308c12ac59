import fc from 'fast-check';
import type { FailureCode, OutcomeCount, ScenarioResult } from '../../src/engines/result.ts';
import type { TraceStep } from '../../src/engines/trace.ts';
import type { Report, ReportedResult } from '../../src/report/report.ts';
import { INVARIANTS } from '../../src/scenarios/invariants.ts';

/** Text as a guest's author or a terminal's prankster might have it: any characters, escapes included. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'<>&"\'= /abc\u001b[31m\n\u009b'), maxLength: 60 }),
  fc.lorem({ maxCount: 12 }),
);

const FAILURE_CODES: readonly FailureCode[] = [
  'GUEST_LOAD',
  'GUEST_THREW',
  'GUEST_HUNG',
  'GUEST_RETURNED',
  'GUEST_UNBACKED_GPA',
  'WORKER_EXITED',
  'OUT_OF_MEMORY',
  'HARNESS',
];

/** Rows of an outcome table with their texts drawn from `text`. */
export function outcomesOf(text: fc.Arbitrary<string>): fc.Arbitrary<OutcomeCount[]> {
  return fc.array(
    fc.record({
      outcome: text,
      count: fc.oneof(
        fc.constant(0),
        fc.nat(),
        fc.maxSafeNat().map((count) => Math.floor(count / 1000)),
      ),
      expect: fc.constantFrom('ACCEPTABLE', 'INTERESTING', 'FORBIDDEN'),
      description: text,
    }),
    { maxLength: 6 },
  );
}

/** A step of an interleaving, with its names drawn from `text`. */
export function traceStep(text: fc.Arbitrary<string>): fc.Arbitrary<TraceStep> {
  const value = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
  return fc.record(
    {
      actor: text,
      alternative: fc.nat(9),
      action: fc.constantFrom(
        'load',
        'store',
        'xchg',
        'mb',
        'rdtsc',
        'choose',
        'exit',
        'tick',
        'drain',
      ),
      side: fc.constantFrom('guest', 'host'),
      place: text,
      before: value,
      after: value,
      answer: value,
      forwarded: fc.boolean(),
      stale: fc.boolean(),
      buffered: fc.boolean(),
    },
    { requiredKeys: ['actor', 'alternative', 'action'] },
  );
}

/** Results of every verdict, with their free texts drawn from `text`. */
export function resultsOf(text: fc.Arbitrary<string>): fc.Arbitrary<ScenarioResult> {
  const required = {
    scenario: text,
    engine: fc.constantFrom('stress', 'sample', 'verify', 'replay'),
    seed: text,
    seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    instance: fc.record({
      vcpus: fc.integer({ min: 1, max: 64 }),
      threads: fc.integer({ min: 1, max: 66 }),
      kind: text,
    }),
    assumptions: fc.array(text, { maxLength: 3 }),
    outcomes: outcomesOf(text),
  } as const;
  const optional = {
    mutant: text,
    guest: text,
    access: fc.constantFrom('plain', 'atomic'),
    samples: fc.nat(),
    operations: fc.nat(),
    sensitivity: fc.nat({ max: 3 }),
    model: fc.constantFrom('sc', 'tso', 'weak'),
    states: fc.nat(),
    transitions: fc.nat(),
  } as const;
  const broken = {
    invariant: fc.constantFrom(...INVARIANTS.map(({ id }) => id)),
    message: text,
    evidence: fc.array(fc.record({ thread: text, text }), { maxLength: 5 }),
  };
  const requiredKeys = Object.keys(required) as (keyof typeof required)[];
  const common = fc.record({ ...required, ...optional }, { requiredKeys });
  const verdict = fc.oneof(
    fc.record({ verdict: fc.constant('pass'), message: text }, { requiredKeys: ['verdict'] }),
    fc.record({ verdict: fc.constant('incomplete'), message: text }),
    fc.record({
      verdict: fc.constant('error'),
      code: fc.constantFrom(...FAILURE_CODES),
      message: text,
    }),
    fc.record(
      {
        verdict: fc.constant('fail'),
        ...broken,
        schedule: fc.array(traceStep(text), { maxLength: 3 }),
        replay: text,
      },
      { requiredKeys: ['verdict', 'invariant', 'message', 'evidence'] },
    ),
  );
  return fc
    .tuple(common, verdict)
    .map(([shared, own]) => ({ ...shared, ...own }) as ScenarioResult);
}

/** Results, some of them graded: a twin that had to be caught, or a reference in its place. */
export function reportedResultsOf(text: fc.Arbitrary<string>): fc.Arbitrary<ReportedResult> {
  const grade = fc.record(
    {
      killed: fc.constantFrom('killed', 'survived', 'not-visible'),
      reason: text,
      executions: fc.nat(),
    },
    { requiredKeys: ['killed', 'reason'] },
  );
  return fc
    .tuple(resultsOf(text), fc.option(grade, { nil: undefined, freq: 2 }))
    .map(([result, grade]) => {
      if (grade === undefined) return result;
      const killed =
        grade.killed === 'killed' && result.verdict !== 'fail' ? 'survived' : grade.killed;
      return { ...result, ...grade, killed };
    });
}

/** Whole reports. */
export function reportsOf(text: fc.Arbitrary<string>): fc.Arbitrary<Report> {
  return fc.record({
    version: fc.constant('1.2.3'),
    command: fc.constantFrom('stress', 'tour'),
    seed: text,
    machine: fc.record({
      node: fc.constant('v20.19.0'),
      platform: fc.constant('linux'),
      arch: fc.constant('x64'),
      cores: fc.integer({ min: 1, max: 64 }),
      cpu: text,
    }),
    results: fc.array(reportedResultsOf(text), { maxLength: 5 }),
  });
}

/** Widths of terminals. */
export const anyColumns: fc.Arbitrary<number> = fc.integer({ min: 24, max: 120 });

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ESCAPES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

/** Whether text has control characters other than line ends. */
export function hasEscapes(text: string): boolean {
  return ESCAPES.test(text);
}
