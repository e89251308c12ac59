import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { evidenceLines } from '../../src/report/evidence.ts';
import { pageOf } from '../../src/report/page.ts';
import { width } from '../../src/report/text.ts';
import { anyColumns, anyText } from './results.ts';

test('no line is wider than the page', (t) => {
  const evidence = fc.array(fc.record({ thread: anyText, text: anyText }), { maxLength: 6 });
  t.notThrows(() =>
    fc.assert(
      fc.property(evidence, anyColumns, (lines, columns) =>
        evidenceLines(lines, pageOf(columns, false)).every((line) => width(line) <= columns),
      ),
    ),
  );
});

test('everything that was seen is told in its order, at any width', (t) => {
  const evidence = fc
    .array(fc.constantFrom('vcpu0', 'vcpu1', 'host'), { maxLength: 8 })
    .map((threads) => threads.map((thread, index) => ({ thread, text: `saw number ${index}` })));
  t.notThrows(() =>
    fc.assert(
      fc.property(evidence, anyColumns, (lines, columns) => {
        const told = evidenceLines(lines, pageOf(columns, false)).join(' ').replaceAll(/\s+/g, ' ');
        const places = lines.map(({ text }) => told.indexOf(text));
        return places.every((place, index) => place > (places[index - 1] ?? -1));
      }),
    ),
  );
});

test('each thread has its column', (t) => {
  const evidence = [
    { thread: 'vcpu0', text: 'stored version 3' },
    { thread: 'vcpu1', text: 'read version 2' },
    { thread: 'vcpu0', text: 'stored version 4' },
  ];
  t.deepEqual(evidenceLines(evidence, pageOf(60, false)), [
    '  vcpu0              vcpu1',
    '  stored version 3',
    '                     read version 2',
    '  stored version 4',
  ]);
  t.deepEqual(evidenceLines(evidence, pageOf(30, false)), [
    '  vcpu0: stored version 3',
    '  vcpu1: read version 2',
    '  vcpu0: stored version 4',
  ]);
});
