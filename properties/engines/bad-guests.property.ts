import '../seed.ts';
import test from 'ava';
import type { FailureCode, ScenarioResult } from '../../src/engines/result.ts';
import { sample } from '../../src/engines/sample/index.ts';
import { verify } from '../../src/engines/verify/index.ts';

/** A guest module as a URL, so that each story is here to read. */
const guest = (source: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(source)}`);

const scenario = 'pvclock-torn-read';
const REFERENCE = `import { referenceGuest } from ${JSON.stringify(new URL('../../src/guest/reference.js', import.meta.url).href)};`;

/** What the engines that explore say of a guest. */
const explored = (source: string): Promise<readonly ScenarioResult[]> =>
  Promise.all([
    verify({ scenario, guest: guest(source), model: 'sc', maxStates: 20_000 }),
    sample({ scenario, guest: guest(source), model: 'sc', runs: 2_000 }),
  ]);

const STORIES: readonly (readonly [string, string, FailureCode, RegExp])[] = [
  ['has a syntax error', 'export function readClock( {', 'GUEST_LOAD', /SyntaxError/],
  ['exports nothing useful', 'export const answer = 42', 'GUEST_LOAD', /exports answer/],
  [
    'throws',
    'export function readClock() { throw new TypeError("boom") }',
    'GUEST_THREW',
    /readClock on vcpu1.*TypeError: boom/,
  ],
  ['throws no error', 'export function readClock() { throw "x" }', 'GUEST_THREW', /threw x\./],
  [
    'returns a string',
    'export function readClock() { return "noon" }',
    'GUEST_RETURNED',
    /the string "noon"/,
  ],
  [
    'returns a promise',
    'export async function readClock() { return 1n }',
    'GUEST_RETURNED',
    /got a Promise/,
  ],
  [
    'reads an unbacked GPA',
    'export function readClock(cpu) { return cpu.load64(0x7fffffff000) }',
    'GUEST_UNBACKED_GPA',
    /0x7fffffff000/,
  ],
  [
    'ends its thread',
    'export function readClock() { process.exit(7) }',
    'WORKER_EXITED',
    /ended its thread/,
  ],
  [
    'spins through memory of its own',
    'export function readClock(cpu) { for (;;) cpu.load32(0x8000) }',
    'GUEST_HUNG',
    /role readClock on vcpu1.*loop for ever/,
  ],
  [
    'spins without the port',
    'export function readClock() { for (;;); }',
    'GUEST_HUNG',
    /without touching memory/,
  ],
  [
    'swallows the end of the run',
    'export function readClock(cpu, at) { try { for (;;) cpu.load32(at.area) } catch { return 1n } }',
    'GUEST_THREW',
    /something caught it/,
  ],
  [
    'takes another step now and then',
    `${REFERENCE} let calls = 0; export function readClock(cpu, at) { if (calls++ % 3 === 2) cpu.load32(at.area); return referenceGuest.readClock(cpu, at) }`,
    'NOT_DETERMINISTIC',
    /readClock on vcpu1.*the same step/,
  ],
  [
    'returns something else now and then',
    `${REFERENCE} let calls = 0; export function readClock(cpu, at) { const time = referenceGuest.readClock(cpu, at); return calls++ % 7 === 5 ? time + 100000n : time }`,
    'NOT_DETERMINISTIC',
    /came to another one/,
  ],
];

for (const [story, source, code, message] of STORIES) {
  test.serial(`verify and sample: a guest that ${story} gets a clear error`, async (t) => {
    for (const result of await explored(source)) {
      t.is(result.verdict, 'error', JSON.stringify(result));
      if (result.verdict !== 'error') return;
      t.is(result.code, code);
      t.regex(result.message, message);
      t.notRegex(result.message, /\n +at /);
    }
  });
}

test.serial('a guest that waits for ever is a livelock, to verify and to sample', async (t) => {
  const [verified, sampled] = await explored(
    'export function readClock(cpu, at) { for (;;) { cpu.load32(at.area); cpu.relax(); } }',
  );
  t.true(verified?.verdict === 'fail' && verified.invariant === 'N1');
  const loop =
    verified?.verdict === 'fail' ? verified.schedule?.filter(({ repeats }) => repeats) : [];
  t.true(
    loop!.length > 0 && loop!.every(({ actor, action }) => actor === 'vcpu1' && action === 'load'),
  );
  t.true(sampled?.verdict === 'fail' && sampled.invariant === 'N1');
});
