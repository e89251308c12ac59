import type { Fact, Facts, Replay } from './result.ts';

/** The facts in which two answers differ; undefined where they are the same. */
export function differences({ expected, got }: Replay): Replay | undefined {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])].filter(
    (name) => !sameFact(expected[name], got[name]),
  );
  if (names.length === 0) return undefined;
  return { expected: pick(expected, names), got: pick(got, names) };
}

function pick(facts: Facts, names: readonly string[]): Facts {
  return Object.fromEntries(names.map((name) => [name, facts[name] ?? null]));
}

function sameFact(one: Fact | undefined, other: Fact | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
