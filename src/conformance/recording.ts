import * as v from 'valibot';
import { checked } from './group.ts';
import { GROUPS } from './groups/index.ts';
import { RecordingError } from './recording-error.ts';

/** A recording: its machine, and its groups of rows by name. */
export interface Recording {
  readonly tscKhz: number;
  readonly maxphyaddr: number;
  readonly groups: ReadonlyMap<string, readonly unknown[]>;
}

const header = v.looseObject({
  tsc_khz: v.pipe(v.number(), v.integer(), v.minValue(1)),
  maxphyaddr: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

/** Fields of the header that only say where the recording is from. */
const ABOUT = new Set(['tsc_khz', 'maxphyaddr']);

/**
 * Reads a recording from its JSON.
 *
 * @throws RecordingError naming what is missing or unknown
 */
export function readRecording(text: string): Recording {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new RecordingError(`it is no JSON: ${(error as Error).message}`);
  }
  const { tsc_khz: tscKhz, maxphyaddr, ...rest } = checked(header, json);
  const groups = new Map<string, readonly unknown[]>();
  for (const [name, value] of Object.entries(rest)) {
    if (ABOUT.has(name) || typeof value === 'string') continue;
    if (!GROUPS.some((group) => group.name === name)) {
      throw new RecordingError(`the group ${JSON.stringify(name)} is unknown`);
    }
    if (!Array.isArray(value)) throw new RecordingError(`${name}: Expected an array of rows`);
    groups.set(name, value);
  }
  if (groups.size === 0) throw new RecordingError('it has no group of rows');
  return { tscKhz, maxphyaddr, groups };
}
