import * as v from 'valibot';
import type { HostOps } from '../host/host-ops.ts';
import type { RecordedVm, VmOptions } from './recorded-vm.ts';
import { RecordingError } from './recording-error.ts';
import type { Facts, Replay } from './result.ts';

/** What a replay may use. */
export interface Bench {
  /** The recording's own words about its machine. */
  readonly machine: RecordedMachine;
  /** A new VM. The one before it is gone. */
  vm(options?: VmOptions, host?: Partial<HostOps>): RecordedVm;
  /** Other rows of the file, as they came. */
  rows(group: string): readonly unknown[];
}

/** The machine that a recording was made on. */
export interface RecordedMachine {
  readonly tscKhz: number;
  /** Physical address bits. */
  readonly maxphyaddr: number;
}

/** A row of some group: all that is known of it before its group looks. */
export interface AnyRow {
  readonly tag?: string | undefined;
}

/** One group of rows: how they look, and how the model replays one. */
export interface Group {
  readonly name: string;
  /**
   * Replays one row.
   *
   * @throws RecordingError for a row that does not look like one of the group
   */
  replay(row: unknown, bench: Bench): Replay;
}

/** Makes a group of a shape and a replay of rows of that shape. */
export function group<Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  replay: (row: v.InferOutput<Schema>, bench: Bench) => Replay,
): Group {
  return {
    name,
    replay: (row, bench) => replay(checked(schema, row), bench),
  };
}

/** Makes a group of rows of several kinds, each with a shape of its own. */
export function groupOfKinds(
  name: string,
  kinds: readonly { readonly is: (kind: string) => boolean; readonly group: Group }[],
): Group {
  const kindOf = v.looseObject({ kind: v.string() });
  return {
    name,
    replay(row, bench) {
      const { kind } = checked(kindOf, row);
      const found = kinds.find(({ is }) => is(kind));
      if (found === undefined)
        throw new RecordingError(`the kind ${JSON.stringify(kind)} is unknown`);
      return found.group.replay(row, bench);
    },
  };
}

/** A value of a shape. */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new RecordingError(path === null ? issue.message : `${path}: ${issue.message}`);
}

/** What tells a row from its neighbours: its plain fields, but for what a replay is compared with. */
export function inputOf(row: unknown): Facts {
  const entries = Object.entries(row as Readonly<Record<string, unknown>>).filter(
    ([name, value]) =>
      name !== 'tag' && (value === null || ['string', 'number', 'boolean'].includes(typeof value)),
  );
  return Object.fromEntries(entries) as Facts;
}
