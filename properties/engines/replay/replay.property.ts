import '../../seed.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { formatReplay, type Replay, replay } from '../../../src/engines/replay/index.ts';
import type { Broken, ScenarioResult } from '../../../src/engines/result.ts';
import { UsageError } from '../../../src/engines/usage-error.ts';
import { verify } from '../../../src/engines/verify/index.ts';

const scenario = 'pvclock-torn-read';
const REFERENCE = `import { referenceGuest } from ${JSON.stringify(new URL('../../../src/guest/reference.js', import.meta.url).href)};`;

/** A reader as Z-P6 has it, which takes these steps besides: in front, in the middle, and behind. */
const reader = (front = '', middle = '', behind = ''): string => `
  const scale = (delta, mul, shift) => BigInt.asUintN(64, ((shift < 0 ? delta >> BigInt(-shift) : delta << BigInt(shift)) * BigInt(mul)) >> 32n);
  export function readClock(cpu, { area }) {
    ${front}
    while (cpu.load32(area) % 2 !== 0) cpu.relax();
    const tsc = cpu.rdtscOrdered();
    ${middle}
    const delta = BigInt.asUintN(64, tsc - cpu.load64(area + 8));
    const time = cpu.load64(area + 16);
    const mul = cpu.load32(area + 24);
    const shift = (cpu.load8(area + 28) << 24) >> 24;
    ${behind}
    return BigInt.asUintN(64, time + scale(delta, mul, shift));
  }`;

const guest = (source: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(source)}`);

/** The file of a failure. */
function fileOf(broken: Broken, fields: Partial<Replay> = {}): string {
  const { moves = [], schedule = [], model = 'tso', invariant, engine } = broken;
  return formatReplay({
    version: '0.1.0',
    engine,
    scenario,
    model,
    invariant,
    moves,
    expected: schedule.map(({ action, place }) => ({ action, ...(place && { place }) })),
    notes: [],
    ...fields,
  });
}

async function failing(options: Parameters<typeof verify>[0]): Promise<Broken> {
  const result = await verify(options);
  if (result.verdict !== 'fail') throw new Error(`Expected a failure, got ${result.verdict}.`);
  return result;
}

const message = (result: ScenarioResult): string =>
  result.verdict === 'pass' ? '' : result.message;

let broken: Broken;
test.before(async () => {
  broken = await failing({ scenario, guest: guest(reader()), model: 'tso' });
});

test.serial('the program of a file breaks the same again, by the same steps', async (t) => {
  const again = await replay(fileOf(broken, { guest: guest(reader()).href }));
  t.is(again.verdict, 'fail');
  if (again.verdict !== 'fail') return;
  t.is(again.invariant, broken.invariant);
  t.deepEqual(again.moves, broken.moves);
  t.deepEqual(again.schedule, broken.schedule);
  t.is(again.message, broken.message);
});

const CHANGES: Readonly<Record<string, readonly [string, string, string]>> = {
  'looks at one more field first': ['cpu.load8(area + 29);', '', ''],
  'looks at one more field in the middle': ['', 'cpu.load8(area + 29);', ''],
  'stores something of its own': ['', 'cpu.store32(area + 4, 7);', ''],
  'looks twice': ['', 'cpu.load64(area + 16); cpu.load64(area + 16);', ''],
};

for (const [name, [front, middle, behind]] of Object.entries(CHANGES)) {
  test.serial(
    `a guest that now ${name} is followed, and the first step that differs is told`,
    async (t) => {
      const changed = guest(reader(front, middle, behind)).href;
      const again = await replay(fileOf(broken, { guest: changed }));
      t.is(again.verdict, 'fail', message(again));
      if (again.verdict !== 'fail') return;
      t.is(again.invariant, broken.invariant);
      t.regex(again.message, /another way at step \d+: .* of vcpu[01] was expected, but /);
    },
  );
}

test.serial('a guest that has lost steps is followed, and the first one is told', async (t) => {
  const before = reader('cpu.load8(area + 29); cpu.load8(area + 28);');
  const file = fileOf(await failing({ scenario, guest: guest(before), model: 'tso' }), {
    guest: guest(reader()).href,
  });
  const again = await replay(file);
  t.is(again.verdict, 'fail', message(again));
  t.regex(message(again), /another way at step \d+: load pvclock\[0\]/);
});

test.serial('a guest that was repaired breaks nothing', async (t) => {
  const repaired = guest(`${REFERENCE} export const readClock = referenceGuest.readClock;`).href;
  const again = await replay(fileOf(broken, { guest: repaired }));
  t.true(again.verdict === 'pass' || again.verdict === 'incomplete', message(again));
});

test.serial('a guest that does something else altogether is given up, with the step', async (t) => {
  const other = guest(`export function readClock(cpu, { area }) {
    for (let i = 0; i < 40; i++) cpu.load8(area + 29);
    return 0n;
  }`).href;
  const again = await replay(fileOf(broken, { guest: other }));
  t.is(again.verdict, 'incomplete', message(again));
  t.regex(message(again), /given up at step \d+ of \d+.*expected, but it took load pvclock\[0\]/);
});

test.serial(
  'a guest whose results differ from run to run is named, and not believed',
  async (t) => {
    const codes: string[] = [];
    for (const every of [2, 3, 4, 5]) {
      const wavers = guest(`${REFERENCE} let calls = 0; export function readClock(cpu, at) {
      const time = referenceGuest.readClock(cpu, at);
      return calls++ % ${every} === 1 ? time + 100000n : time;
    }`).href;
      const again = await replay(fileOf(broken, { guest: wavers }));
      codes.push(again.verdict === 'error' ? again.code : again.verdict);
    }
    t.true(codes.includes('NOT_DETERMINISTIC'), codes.join());
  },
);

test.serial('a livelock is one again', async (t) => {
  const waits = guest(
    'export function readClock(cpu, { area }) { for (;;) { cpu.load32(area); cpu.relax(); } }',
  );
  const livelock = await failing({ scenario, guest: waits, model: 'sc' });
  const again = await replay(fileOf(livelock, { guest: waits.href, model: 'sc' }));
  t.true(again.verdict === 'fail' && again.invariant === 'N1', message(again));
  t.regex(message(again), /Livelock/);
});

test.serial('a schedule of another scenario leads nowhere, and says so', async (t) => {
  for (const other of [
    'request-kick',
    'store-buffering',
    'pv-eoi-storm',
    'steal-time-remote-read',
  ]) {
    const again = await replay(fileOf(broken, { scenario: other }));
    t.is(again.verdict, 'incomplete', other);
    t.regex(message(again), /another way at step \d+/);
  }
});

for (const [name, fields, expected] of [
  ['a scenario that there is not', { scenario: 'pvclock-tron-read' }, /pvclock-torn-read/],
  ['a twin that there is not', { mutant: 'Z-P66' }, /Z-P66/],
  ['a twin of another scenario', { mutant: 'Z-R1' }, /request-kick/],
  ['too many vCPUs', { vcpus: 9_999 }, /vCPUs/],
  ['a scenario module that has gone', { scenario: 'file:///gone/mine.mjs' }, /Cannot find module/],
] as const) {
  test.serial(`a file of ${name} is a usage error`, async (t) => {
    const error = await t.throwsAsync(() => replay(fileOf(broken, fields)));
    t.true(error instanceof UsageError, error?.stack);
    t.regex(error!.message, expected);
  });
}

test.serial('a guest that has gone is named', async (t) => {
  const gone = await replay(fileOf(broken, { guest: 'file:///gone/guest.mjs' }));
  t.true(gone.verdict === 'error' && gone.code === 'GUEST_LOAD', message(gone));
  t.regex(message(gone), /gone\/guest\.mjs/);
});

test.serial('a file that was cut in half is a usage error', async (t) => {
  const text = fileOf(broken, { guest: guest(reader()).href });
  const error = await t.throwsAsync(() => replay(text.slice(0, text.length / 2)));
  t.true(error instanceof UsageError);
  t.regex(error!.message, /line \d+ of the replay file/);
});

test.serial('a scenario module that changed a little is followed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pvrace-'));
  try {
    const write = async (name: string, more: string): Promise<URL> => {
      const path = join(folder, name);
      await writeFile(path, lost(more));
      return pathToFileURL(path);
    };
    const before = await write('before.mjs', '');
    const after = await write('after.mjs', 't.cpu.load32(0x10000);');
    const file = fileOf(await failing({ scenario: before, model: 'sc' }), { scenario: after.href });
    const again = await replay(file);
    t.true(again.verdict === 'fail' && again.invariant === 'SUM', message(again));
    t.regex(message(again), /meet of adder0 was expected, but it took load scratch/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Two vCPUs that add to a word without a lock. */
const lost = (more: string): string => `
  const thread = (vcpu) => ({ name: 'adder' + vcpu, vcpu, start: (t) => ({
    step() { t.cpu.store32(0x10000, t.cpu.load32(0x10000) + 1); ${more} t.outcome(0); },
    finish() {
      if (t.cpu.load32(0x10000) !== 2) t.violated('SUM', 'One is lost.');
    },
  }) });
  export default {
    name: 'adders', vcpus: 2,
    invariants: [{ id: 'SUM', sentence: 'Nothing that was added is lost.' }],
    outcomes: [{ outcome: 'added', expect: 'ACCEPTABLE', description: 'It added.' }],
    threads: [thread(0), thread(1)],
  };`;
