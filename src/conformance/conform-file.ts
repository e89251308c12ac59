import { readFile } from 'node:fs/promises';
import { UsageError } from '../engines/usage-error.ts';
import { conform } from './conform.ts';
import { readRecording } from './recording.ts';
import { RecordingError } from './recording-error.ts';
import type { GroupResult } from './result.ts';

/**
 * Replays a recording from a file.
 *
 * @throws UsageError for a file that cannot be read or is no recording
 */
export async function conformFile(path: string): Promise<readonly GroupResult[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`Expected a recording that can be read, got ${path}: ${error.message}`);
  });
  try {
    return conform(readRecording(text), path);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new UsageError(`Expected a recording, got ${path}: ${error.message}.`);
  }
}
