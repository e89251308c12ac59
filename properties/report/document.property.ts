import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { documentOf, jsonText } from '../../src/report/document.ts';
import { anyText, reportsOf } from './results.ts';

const FIELDS = ['tool', 'version', 'command', 'seed', 'machine', 'verdict', 'results'];
const RESULT_FIELDS = [
  'scenario',
  'mutant',
  'guest',
  'engine',
  'model',
  'access',
  'verdict',
  'invariant',
  'message',
  'code',
  'seconds',
  'samples',
  'operations',
  'states',
  'transitions',
  'instance',
  'assumptions',
  'sensitivity',
  'outcomes',
  'evidence',
  'schedule',
  'replay',
  'search',
];

test('the document has every field of the contract, null where nothing was measured', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(anyText), (report) => {
        const document = JSON.parse(jsonText(documentOf(report)));
        t.deepEqual(Object.keys(document), FIELDS);
        for (const [index, result] of document.results.entries()) {
          const { killed, reason, executions, ...fields } = result;
          const given: Record<string, unknown> = { ...report.results[index]! };
          t.deepEqual(Object.keys(fields), RESULT_FIELDS);
          t.is(killed, given.killed);
          t.is(reason, killed === undefined ? undefined : given.reason);
          t.is(executions, killed === undefined ? undefined : (given.executions ?? null));
          for (const name of [
            'mutant',
            'guest',
            'model',
            'access',
            'samples',
            'operations',
            'states',
            'transitions',
          ]) {
            t.is(fields[name], given[name] ?? null);
          }
          t.is(fields.invariant, given.invariant ?? null);
          t.is(fields.code, given.code ?? null);
          t.is(fields.sensitivity, given.sensitivity ?? null);
          t.deepEqual(fields.outcomes, report.results[index]!.outcomes);
          t.deepEqual(fields.evidence, given.evidence ?? []);
        }
      }),
    ),
  );
});

test('64-bit numbers stay whole', (t) => {
  t.is(jsonText({ seed: 18446744073709551615n }), '{\n  "seed": "18446744073709551615"\n}\n');
});
