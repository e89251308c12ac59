import '../seed.ts';
import test from 'ava';
import { bench } from '../../src/engines/bench/index.ts';
import { compileNative, measureNative } from '../../src/engines/bench/native.ts';
import { workloadNames } from '../../src/engines/bench/workload-names.ts';
import { workloads } from '../../src/engines/bench/workloads.ts';
import { closePools } from '../../src/engines/stress/index.ts';
import { UsageError } from '../../src/engines/usage-error.ts';
import { benchLines } from '../../src/report/bench-lines.ts';
import { pageOf } from '../../src/report/page.ts';

test.after.always(() => closePools());

const FIELDS = [
  'guest',
  'latencyNs',
  'operationsPerSecond',
  'ratioToNative',
  'ratioToReference',
  'retryRate',
  'vcpus',
  'workload',
];
const NO_COMPILER = 'no-such-compiler';
const guest = (source: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(source)}`);

test.serial(
  'every row has the fields of the contract, null where nothing was measured',
  async (t) => {
    const names = ['pvclock-read-solo', 'store-buffering'];
    const report = await bench({ workloads: names, seconds: 0.3, vcpus: 2, compiler: NO_COMPILER });
    t.deepEqual(
      report.results.map(({ workload, vcpus }) => `${workload} ${vcpus}`),
      ['pvclock-read-solo 1', 'pvclock-read-solo 2', 'store-buffering 2'],
    );
    for (const row of report.results) {
      t.true(FIELDS.every((field) => field in row));
      t.true(row.operationsPerSecond > 0, row.workload);
      t.is(row.ratioToNative, null);
      t.is(row.ratioToReference, null);
    }
  },
);

test.serial('without a compiler there is a reason, in words, and no error', async (t) => {
  const native = await compileNative(NO_COMPILER);
  t.is(native.kind, 'absent');
  t.is(await measureNative(native, 'pvclock-read-solo', 0.1, 1), undefined);
  const report = await bench({ workloads: ['bare-read'], seconds: 0.2, compiler: NO_COMPILER });
  const words = benchLines(report, pageOf(undefined, false)).join('\n');
  t.regex(words, /not measured, this machine has no no-such-compiler/);
});

test.serial('a guest stands beside the reference of the same run', async (t) => {
  const slow = guest(`
    export function readClock(cpu, at) {
      for (let i = 0; i < 2_000; i++) cpu.load32(at.area);
      return cpu.rdtsc();
    }`);
  const { results } = await bench({
    workloads: ['pvclock-read-solo'],
    guest: slow,
    vcpus: 1,
    seconds: 0.5,
    compiler: NO_COMPILER,
  });
  t.is(results.length, 1);
  t.true(results[0]!.ratioToReference! < 1, `${results[0]!.ratioToReference}`);
});

test.serial('a guest that throws or returns nonsense is told so, and not measured', async (t) => {
  for (const [source, code] of [
    ['export function readClock() { throw new Error("boom") }', 'GUEST_THREW'],
    ['export function readClock() { return "noon" }', 'GUEST_RETURNED'],
  ] as const) {
    const measuring = bench({
      workloads: ['pvclock-read-solo'],
      guest: guest(source),
      seconds: 0.2,
    });
    await t.throwsAsync(measuring, { name: 'MeasurementFailed', code });
  }
});

test('an unknown workload is told the nearest', async (t) => {
  await t.throwsAsync(bench({ workloads: ['pvclock-read-sol'] }), {
    instanceOf: UsageError,
    message: /Did you mean pvclock-read-solo/,
  });
});

test('names are unique, and what C has is named alike there', (t) => {
  t.is(new Set(workloads.map(({ name }) => name)).size, workloads.length);
  t.true(workloadNames.includes('store-buffering'));
});
