import '../seed.ts';
import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import type { Broken } from '../../src/engines/result.ts';
import { headingLines } from '../../src/report/heading.ts';
import { pageOf } from '../../src/report/page.ts';
import { resultLines } from '../../src/report/result-lines.ts';
import { summaryLines } from '../../src/report/summary.ts';
import { width } from '../../src/report/text.ts';
import { invariantSentence } from '../../src/scenarios/invariants.ts';
import { anyColumns, anyText, hasEscapes, reportedResultsOf, reportsOf } from './results.ts';

const details = fc.constantFrom('brief', 'full');

test('without colours a report has no escape codes, whatever it tells', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(anyText), anyColumns, details, (report, columns, detail) => {
        const page = pageOf(columns, false);
        const lines = [
          ...headingLines(report, page),
          ...report.results.flatMap((result) => resultLines(result, detail, page)),
          ...summaryLines(report, page),
        ];
        return lines.every((line) => !hasEscapes(line) && !line.includes('\n'));
      }),
    ),
  );
});

test('no line is wider than the page, but the command to copy', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportedResultsOf(anyText), anyColumns, details, (result, columns, detail) => {
        const lines = resultLines(result, detail, pageOf(columns, false));
        const command = lines.indexOf('  See it again:') + 1;
        return lines.every(
          (line, index) => (command > 0 && index === command) || width(line) <= columns,
        );
      }),
    ),
  );
});

test('colours change nothing but colours', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportedResultsOf(anyText), anyColumns, (result, columns) => {
        const painted = resultLines(result, 'full', pageOf(columns, true)).join('\n');
        t.true(painted.includes('\u001b['));
        t.is(
          stripVTControlCharacters(painted),
          resultLines(result, 'full', pageOf(columns, false)).join('\n'),
        );
      }),
    ),
  );
});

const BROKEN: Broken = {
  scenario: 'pvclock-torn-read',
  mutant: 'Z-P6',
  engine: 'stress',
  seed: 'pvrace',
  seconds: 0.5,
  instance: { vcpus: 2, threads: 2 },
  assumptions: [],
  access: 'plain',
  samples: 12,
  operations: 1000,
  sensitivity: 5,
  verdict: 'fail',
  invariant: 'P1',
  message: `${invariantSentence('P1')} 7 ns is in no publication.`,
  evidence: [
    { thread: 'vcpu0', text: 'published 3' },
    { thread: 'vcpu1', text: 'returned 7 ns' },
  ],
  outcomes: [
    {
      outcome: 'broken',
      count: 12,
      expect: 'FORBIDDEN',
      description: 'No publication explains it.',
    },
  ],
  replay: 'pvrace stress pvclock-torn-read --mutant Z-P6',
};

test('a failure tells what broke, what was seen, how often, and how to see it again', (t) => {
  t.deepEqual(resultLines(BROKEN, 'brief', pageOf(110, false)), [
    'FAIL        pvclock-torn-read with Z-P6 broke P1: 12 samples, 2K operations/s, 500 ms, plain access, vcpus 2,',
    '            threads 2',
    '  Broken invariant P1: Every accepted clock read is one publication of the host scaled by one TSC sample taken',
    '  inside the call.',
    '  7 ns is in no publication.',
    '',
    '  vcpu0         vcpu1',
    '  published 3',
    '                returned 7 ns',
    '',
    '  RESULT  SAMPLES     FREQ     EXPECT  DESCRIPTION',
    '  broken       12  100.00%  Forbidden  No publication explains it.',
    '',
    '  See it again:',
    '    pvrace stress pvclock-torn-read --mutant Z-P6',
    '',
  ]);
});

test('a pass is one line, with its table where asked for', (t) => {
  const {
    invariant: _invariant,
    message: _message,
    evidence: _evidence,
    replay: _replay,
    ...rest
  } = BROKEN;
  const passed = { ...rest, verdict: 'pass' } as const;
  t.is(resultLines(passed, 'brief', pageOf(120, false)).length, 1);
  t.true(
    resultLines(passed, 'full', pageOf(120, false)).some((line) => line.includes('Forbidden')),
  );
});
