import '../../seed.ts';
import test from 'ava';
import type { FailureCode, ScenarioResult } from '../../../src/engines/result.ts';
import { closePools, stress } from '../../../src/engines/stress/index.ts';

test.after.always(() => closePools());

/** A guest module as a URL, so that each story is here to read. */
const guest = (source: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(source)}`);
const race = (source: string, seconds = 0.3): Promise<ScenarioResult> =>
  stress({ scenario: 'pvclock-torn-read', guest: guest(source), seconds, canarySeconds: 0.01 });

const STORIES: readonly (readonly [string, string, FailureCode, RegExp])[] = [
  ['has a syntax error', 'export function readClock( {', 'GUEST_LOAD', /SyntaxError/],
  ['throws while it is imported', 'throw new Error("no")', 'GUEST_LOAD', /Error: no/],
  ['exports nothing useful', 'export const answer = 42', 'GUEST_LOAD', /exports answer/],
  ['exports no function', 'export const readClock = 42', 'GUEST_LOAD', /got number/],
  [
    'throws',
    'export function readClock() { throw new TypeError("boom") }',
    'GUEST_THREW',
    /readClock.*TypeError: boom/,
  ],
  [
    'throws no error',
    'export function readClock() { throw "x" }',
    'GUEST_THREW',
    /thrown value: x/,
  ],
  [
    'returns a string',
    'export function readClock() { return "noon" }',
    'GUEST_RETURNED',
    /the string "noon"/,
  ],
  [
    'returns a negative time',
    'export function readClock() { return -1n }',
    'GUEST_RETURNED',
    /-1n/,
  ],
  ['returns a number', 'export function readClock() { return 5 }', 'GUEST_RETURNED', /number 5/],
  [
    'reads an unbacked GPA',
    'export function readClock(cpu) { return cpu.load64(0x7fffffff000) }',
    'GUEST_UNBACKED_GPA',
    /0x7fffffff000/,
  ],
  [
    'reads a negative GPA',
    'export function readClock(cpu) { return cpu.load64(-8) }',
    'GUEST_UNBACKED_GPA',
    /-8/,
  ],
  [
    'reads a fractional GPA',
    'export function readClock(cpu) { return cpu.load64(0.5) }',
    'GUEST_UNBACKED_GPA',
    /0\.5/,
  ],
  [
    'misaligns a locked operation',
    'export function readClock(cpu) { return cpu.lockXchg64(4, 1n) }',
    'GUEST_THREW',
    /multiple of 8/,
  ],
  [
    'ends its thread',
    'export function readClock() { process.exit(7) }',
    'WORKER_EXITED',
    /ended its thread/,
  ],
  [
    'spins through the port',
    'export function readClock(cpu, at) { for (;;) cpu.load32(at.area) }',
    'GUEST_HUNG',
    /role readClock/,
  ],
  [
    'spins without the port',
    'export function readClock() { for (;;); }',
    'GUEST_HUNG',
    /role readClock/,
  ],
  [
    'swallows the end of the run',
    'export function readClock(cpu, at) { try { for (;;) cpu.load32(at.area) } catch { return 1n } }',
    'GUEST_HUNG',
    /role readClock/,
  ],
];

for (const [story, source, code, message] of STORIES) {
  test.serial(`a guest that ${story} gets a clear error`, async (t) => {
    const result = await race(source, code === 'GUEST_HUNG' ? 1.2 : 0.3);
    t.is(result.verdict, 'error', JSON.stringify(result));
    if (result.verdict !== 'error') return;
    t.is(result.code, code);
    t.regex(result.message, message);
  });
}

test.serial('after all of these a good guest still runs, in the same process', async (t) => {
  const good = new URL('../../../../examples/clock-correct.mjs', import.meta.url);
  const result = await stress({ scenario: 'pvclock-torn-read', guest: good, seconds: 0.3 });
  t.true(result.verdict === 'pass' || result.verdict === 'incomplete', JSON.stringify(result));
});

for (const [story, source] of [
  ['a constant', 'export function readClock() { return 42n }'],
  [
    'a constant after a look at the TSC',
    'export function readClock(cpu) { cpu.rdtsc(); return 42n }',
  ],
  ['the last value', 'export function readClock(cpu, at) { return cpu.load64(at.lastValue) }'],
] as const) {
  for (const scenario of [
    'pvclock-torn-read',
    'pvclock-own-area',
    'clock-monotonic-stable',
    'clock-monotonic-unstable',
    'clock-set-while-running',
    'guest-stopped',
  ]) {
    test.serial(`${scenario}: a guest that returns ${story} fails`, async (t) => {
      const result = await stress({
        scenario,
        guest: guest(source),
        seconds: 2,
        canarySeconds: 0.01,
      });
      t.is(result.verdict, 'fail', JSON.stringify(result));
      if (!source.includes('rdtsc')) t.is(result.verdict === 'fail' && result.invariant, 'F1');
    });
  }
}
