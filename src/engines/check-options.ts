import { hintOf } from '../scenarios/nearest.ts';
import { describe, isRecord, isWholeNumber } from '../scenarios/shape.ts';
import { UsageError } from './usage-error.ts';

/** What an option of an engine may be, in words and as a test. */
interface Kind {
  readonly expected: string;
  allows(value: unknown): boolean;
}

const oneOf = (...names: readonly string[]): Kind => ({
  expected: names.map((name) => `'${name}'`).join(', '),
  allows: (value) => names.includes(value as string),
});
const text: Kind = { expected: 'a string', allows: (value) => typeof value === 'string' };
const moduleOf: Kind = {
  expected: 'a string or a URL',
  allows: (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
};
const count: Kind = {
  expected: 'a whole number from 1 up',
  allows: (value) => isWholeNumber(value, 1),
};
const countOrNone: Kind = {
  expected: 'a whole number from 0 up',
  allows: (value) => isWholeNumber(value, 0),
};
const duration: Kind = {
  expected: 'a number of seconds above 0',
  allows: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
};
const object: Kind = { expected: 'an object', allows: isRecord };
const callback: Kind = {
  expected: 'a function',
  allows: (value) => typeof value === 'function',
};
const moves: Kind = {
  expected: 'an array of { actor, alternative } in whole numbers',
  allows: (value) =>
    Array.isArray(value) &&
    value.every(
      (move) =>
        isRecord(move) && isWholeNumber(move.actor, 0) && isWholeNumber(move.alternative, 0),
    ),
};
const names: Kind = {
  expected: 'an array of strings',
  allows: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};

/** The options of all engines. */
const OPTIONS = {
  scenario: {
    ...moduleOf,
    expected: 'the name of a scenario, or the URL of a module that has one',
  },
  mutant: text,
  guest: moduleOf,
  vcpus: count,
  machine: object,
  seed: text,
  signal: { expected: 'an AbortSignal', allows: (value) => value instanceof AbortSignal },
  onProgress: callback,
  // stress
  seconds: duration,
  operations: count,
  access: oneOf('plain', 'atomic'),
  canarySeconds: {
    ...duration,
    expected: 'a number of seconds',
    allows: (value) => value === 0 || duration.allows(value),
  },
  // verify, sample and replay
  model: oneOf('sc', 'tso', 'weak'),
  steps: count,
  clockSteps: countOrNone,
  controlled: object,
  without: names,
  maxStates: count,
  maxBytes: count,
  runs: count,
  strategy: oneOf('blocks', 'pct'),
  moves,
} satisfies Readonly<Record<string, Kind>>;

/**
 * Looks at what an engine is asked, before it falls back to what it does by default.
 *
 * @throws UsageError for an option that there is not, or a value that it cannot have
 */
export function checkOptions(options: unknown): void {
  if (!isRecord(options))
    throw new UsageError(`Expected options as an object, got ${describe(options)}.`);
  if (options.scenario === undefined)
    throw new UsageError(`Expected options.scenario as ${OPTIONS.scenario.expected}, got none.`);
  for (const [name, value] of Object.entries(options)) {
    const kind = (OPTIONS as Readonly<Record<string, Kind | undefined>>)[name];
    if (kind === undefined) {
      const hint = hintOf(name, Object.keys(OPTIONS));
      throw new UsageError(`Expected an option of an engine, got options.${name}.${hint}`);
    }
    if (value === undefined || kind.allows(value)) continue;
    throw new UsageError(`Expected options.${name} as ${kind.expected}, got ${describe(value)}.`);
  }
}
