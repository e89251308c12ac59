import type { ModelName } from '../controlled/models/memory-model.ts';
import type { Move } from '../controlled/move.ts';
import type { SharedAccess } from '../controlled/sharing.ts';
import { UsageError } from '../usage-error.ts';

/** What a step of a schedule did when it was written down. */
export interface ExpectedStep {
  readonly action: string;
  readonly place?: string;
}

/** A failing schedule and what it is a schedule of: everything that shows it again. */
export interface Replay {
  /** Of the tool that wrote it. */
  readonly version: string;
  readonly engine: string;
  readonly scenario: string;
  readonly mutant?: string;
  /** URL or path of the guest module. */
  readonly guest?: string;
  readonly model: ModelName;
  readonly vcpus?: number;
  /** Calls of each thread, where they were chosen. */
  readonly steps?: number;
  /** The twin whose small instance it is, where it is not the scenario's own. */
  readonly story?: string;
  readonly invariant: string;
  /** Accesses that are steps of it: another thread may make them only where it leads elsewhere. */
  readonly shared?: readonly SharedAccess[];
  readonly moves: readonly Move[];
  /** What each move did, for whoever follows it. */
  readonly expected: readonly (ExpectedStep | undefined)[];
  /** What each move did, for people. */
  readonly notes: readonly string[];
}

/** First line of every file: what it is, and in which version of the format. */
const FORMAT = 'pvrace-replay 1';
const END = 'end';
/** A move: actor, way, perhaps what it does and where, perhaps a note. */
const MOVE = /^(\d+) (\d+)(?: ([a-z]+)(?: ([^#]*[^# ]))?)?(?: # (.*))?$/;
const MODELS: readonly string[] = ['sc', 'tso', 'weak'];
const REQUIRED = ['version', 'engine', 'scenario', 'model', 'invariant', 'moves'] as const;
const KNOWN: readonly string[] = [
  ...REQUIRED,
  'mutant',
  'guest',
  'vcpus',
  'steps',
  'story',
  'shared',
];

/** A replay as text: a head of `key: value` lines, then a move in each line. */
export function formatReplay(replay: Replay): string {
  const { mutant, guest, vcpus, steps, story, shared = [], moves, expected, notes } = replay;
  const head = [
    FORMAT,
    `version: ${replay.version}`,
    `engine: ${replay.engine}`,
    `scenario: ${replay.scenario}`,
    ...(mutant === undefined ? [] : [`mutant: ${mutant}`]),
    ...(guest === undefined ? [] : [`guest: ${guest}`]),
    `model: ${replay.model}`,
    ...(vcpus === undefined ? [] : [`vcpus: ${vcpus}`]),
    ...(steps === undefined ? [] : [`steps: ${steps}`]),
    ...(story === undefined ? [] : [`story: ${story}`]),
    `invariant: ${replay.invariant}`,
    ...(shared.length === 0 ? [] : [`shared: ${sharedText(shared)}`]),
    `moves: ${moves.length}`,
  ];
  const body = moves.map(({ actor, alternative }, index) => {
    const step = expected[index];
    const note = notes[index] ?? '';
    return [
      `${actor} ${alternative}`,
      ...(step === undefined
        ? []
        : [step.action, ...(step.place === undefined ? [] : [step.place])]),
      ...(note === '' ? [] : [`# ${note.replaceAll('\n', ' ')}`]),
    ].join(' ');
  });
  return `${[...head, ...body, END].join('\n')}\n`;
}

/** @throws UsageError that names the line, what was expected there, and what came */
export function parseReplay(text: string): Replay {
  const lines = text.split(/\r?\n/);
  if (lines[0] !== FORMAT) {
    throw wrong(
      1,
      `"${FORMAT}"`,
      lines[0],
      'Is this a replay file, and of this version of pvrace?',
    );
  }
  const fields = new Map<string, string>();
  let at = 1;
  for (; at < lines.length && !fields.has('moves'); at++) {
    const [, key, value] = lines[at]!.match(/^([a-z]+): (.+)$/) ?? [];
    if (key === undefined || value === undefined || !KNOWN.includes(key) || fields.has(key)) {
      throw wrong(at + 1, `one of ${KNOWN.join(', ')} with a value`, lines[at]);
    }
    fields.set(key, value);
  }
  for (const key of REQUIRED) {
    if (!fields.has(key)) throw wrong(at + 1, `"${key}: …"`, lines[at], 'Was the file cut off?');
  }
  const model = fields.get('model')!;
  if (!MODELS.includes(model)) throw wrong(2, `a model of ${MODELS.join(', ')}`, model);
  const count = wholeNumber(fields.get('moves')!, at);
  const shared = sharedOf(fields.get('shared'));
  const moves: Move[] = [];
  const expected: (ExpectedStep | undefined)[] = [];
  const notes: string[] = [];
  for (let left = count; left > 0; left--, at++) {
    const [, actor, alternative, action, place, note = ''] = lines[at]?.match(MOVE) ?? [];
    if (actor === undefined || alternative === undefined) {
      throw wrong(
        at + 1,
        'a move: actor, way, what it does, and perhaps a note',
        lines[at],
        'Was the file cut off?',
      );
    }
    moves.push({ actor: Number(actor), alternative: Number(alternative) });
    expected.push(
      action === undefined ? undefined : { action, ...(place === undefined ? {} : { place }) },
    );
    notes.push(note);
  }
  if (lines[at] !== END) throw wrong(at + 1, `"${END}"`, lines[at], 'Was the file cut off?');
  const optional = (key: string): object => (fields.has(key) ? { [key]: fields.get(key) } : {});
  const number = (key: string): object =>
    fields.has(key) ? { [key]: wholeNumber(fields.get(key)!, 2) } : {};
  return {
    version: fields.get('version')!,
    engine: fields.get('engine')!,
    scenario: fields.get('scenario')!,
    ...optional('mutant'),
    ...optional('guest'),
    model: model as ModelName,
    ...number('vcpus'),
    ...number('steps'),
    ...optional('story'),
    ...(shared === undefined ? {} : { shared }),
    invariant: fields.get('invariant')!,
    moves,
    expected,
    notes,
  };
}

/** Each access once, as `0x1000/4`. */
function sharedText(shared: readonly SharedAccess[]): string {
  return [
    ...new Set(shared.map(({ address, bytes }) => `0x${address.toString(16)}/${bytes}`)),
  ].join(' ');
}

/** @throws UsageError */
function sharedOf(text: string | undefined): readonly SharedAccess[] | undefined {
  return text?.split(' ').map((access) => {
    const [, address, bytes] = access.match(/^(0x[0-9a-f]{1,8})\/([1248])$/) ?? [];
    if (address === undefined) throw wrong(2, 'accesses such as 0x1000/4', access);
    return { address: Number(address), bytes: Number(bytes) };
  });
}

function wholeNumber(text: string, line: number): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrong(line, 'a whole number', text);
}

function wrong(line: number, expected: string, got: string | undefined, hint = ''): UsageError {
  const came =
    got === undefined || got === '' ? 'the end of the file' : JSON.stringify(got.slice(0, 60));
  return new UsageError(
    `Expected ${expected} in line ${line} of the replay file, got ${came}. ${hint}`.trim(),
  );
}
