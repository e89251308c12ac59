import * as v from 'valibot';
import type { HostOps } from '../host/host-ops.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { differences } from './differences.ts';
import { type Bench, type Group, inputOf } from './group.ts';
import { GROUPS } from './groups/index.ts';
import { RecordedVm } from './recorded-vm.ts';
import type { Recording } from './recording.ts';
import { RecordingError } from './recording-error.ts';
import type { GroupResult, Mismatch } from './result.ts';

const tagged = v.looseObject({ tag: v.string() });

/**
 * Replays every row of a recording on the model, group by group.
 *
 * A row whose tag says that it is specific to the recorded machine is replayed too, and skipped only
 * where the model differs.
 *
 * @param file what results call the recording
 * @param host what differs from the reference host: a twin, to see that rows notice it
 * @throws RecordingError for a row that cannot be replayed, naming it
 */
export function conform(
  recording: Recording,
  file: string,
  host: Partial<HostOps> = {},
): readonly GroupResult[] {
  const bench = benchOf(recording, RecordedVm.memory(), host);
  return GROUPS.flatMap((group) => {
    const rows = recording.groups.get(group.name);
    return rows === undefined ? [] : [replayGroup(group, rows, bench, file)];
  });
}

function benchOf(recording: Recording, memory: SharedMemory, host: Partial<HostOps>): Bench {
  const { tscKhz, maxphyaddr, groups } = recording;
  return {
    machine: { tscKhz, maxphyaddr },
    vm: (options, own = {}) => RecordedVm.create(memory, options, { ...host, ...own }),
    rows: (group) => groups.get(group) ?? [],
  };
}

function replayGroup(
  group: Group,
  rows: readonly unknown[],
  bench: Bench,
  file: string,
): GroupResult {
  const reasons: Record<string, number> = {};
  const mismatches: Mismatch[] = [];
  let skipped = 0;
  rows.forEach((row, index) => {
    const difference = replayRow(group, row, index, bench);
    if (difference === undefined) return;
    if (v.is(tagged, row)) {
      skipped++;
      reasons[row.tag] = (reasons[row.tag] ?? 0) + 1;
    } else {
      mismatches.push({ row: index, input: inputOf(row), ...difference });
    }
  });
  const matched = rows.length - skipped - mismatches.length;
  return { file, group: group.name, rows: rows.length, matched, skipped, reasons, mismatches };
}

function replayRow(
  group: Group,
  row: unknown,
  index: number,
  bench: Bench,
): ReturnType<typeof differences> {
  try {
    return differences(group.replay(row, bench));
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    // What is tagged need not be of a kind that any other machine knows.
    if (v.is(tagged, row)) return { expected: {}, got: {} };
    throw new RecordingError(`${group.name}, row ${index}: ${error.message}`);
  }
}
