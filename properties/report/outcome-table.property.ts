import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import type { OutcomeCount } from '../../src/engines/result.ts';
import { outcomeTable } from '../../src/report/outcome-table.ts';
import { pageOf } from '../../src/report/page.ts';
import { width } from '../../src/report/text.ts';
import { anyColumns, anyText, outcomesOf } from './results.ts';

const ROW = /(?:^|\s)(\w+):? +([\d,]+) +\(?([<>]?[\d.]+%)\)? +(Acceptable|Interesting|Forbidden)/g;

const ORDER = ['ACCEPTABLE', 'INTERESTING', 'FORBIDDEN'];

interface Row {
  readonly outcome: string;
  readonly count: number;
  readonly expect: string;
}

/** Reads a table back, whatever its layout. */
function rowsOf(lines: readonly string[]): readonly Row[] {
  return [...lines.join(' ').matchAll(ROW)].map(([, outcome, samples, , expect]) => ({
    outcome: outcome!,
    count: Number(samples!.replaceAll(',', '')),
    expect: expect!.toUpperCase(),
  }));
}

const word = fc.string({ unit: fc.constantFrom(...'abcxyz'), minLength: 1, maxLength: 8 });

test('every outcome has its row with its count, seen or not, at any width', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(outcomesOf(word), anyColumns, (outcomes, columns) => {
        const shown = rowsOf(outcomeTable(outcomes, pageOf(columns, false)));
        const key = ({ outcome, count, expect }: Row): string => `${outcome} ${count} ${expect}`;
        t.deepEqual(shown.map(key).sort(), outcomes.map(key).sort());
      }),
    ),
  );
});

test('no line is wider than the page', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(outcomesOf(anyText), anyColumns, (outcomes, columns) =>
        outcomeTable(outcomes, pageOf(columns, false)).every((line) => width(line) <= columns),
      ),
    ),
  );
});

test('what is fine comes first, what is forbidden last, the frequent before the rare', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(outcomesOf(word), (outcomes) => {
        const rows = rowsOf(outcomeTable(outcomes, pageOf(120, false)));
        return rows.slice(1).every((row, index) => {
          const before = rows[index]!;
          const step = ORDER.indexOf(row.expect) - ORDER.indexOf(before.expect);
          return step > 0 || (step === 0 && before.count >= row.count);
        });
      }),
    ),
  );
});

test('the table looks like that of jcstress', (t) => {
  const outcomes: readonly OutcomeCount[] = [
    {
      outcome: '0, 0',
      count: 12,
      expect: 'INTERESTING',
      description: 'Both loads went before the stores.',
    },
    { outcome: '1, 1', count: 1_234_567, expect: 'ACCEPTABLE', description: 'Both saw the other.' },
    { outcome: 'other', count: 0, expect: 'FORBIDDEN', description: 'Nothing else is possible.' },
  ];
  t.deepEqual(outcomeTable(outcomes, pageOf(80, false)), [
    '  RESULT    SAMPLES     FREQ       EXPECT  DESCRIPTION',
    '    1, 1  1,234,567  >99.99%   Acceptable  Both saw the other.',
    '    0, 0         12   <0.01%  Interesting  Both loads went before the stores.',
    '   other          0    0.00%    Forbidden  Nothing else is possible.',
  ]);
});
