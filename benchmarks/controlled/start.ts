import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/cli/io.ts';
import type { Effort } from './effort.ts';
import { beside, type Figure } from './figure.ts';
import { timed } from './repeat.ts';

const PROGRAM = fileURLToPath(new URL('../../bundle/src/cli/pvrace.js', import.meta.url));
const COMMAND = ['verify', 'pvclock-torn-read', '--mutant', 'Z-P6'];

/** What a verdict takes from the start of the command, beside a Node that does nothing. */
export function* start(effort: Effort): Generator<Figure> {
  const idle: number[] = [];
  const whole: number[] = [];
  let status: number | null = null;
  // In turns, so that a busy machine is as busy for one as for the other.
  for (let run = 0; run < effort.starts; run++) {
    idle.push(timed(() => spawnSync(process.execPath, ['-e', '0'])).seconds);
    const { result, seconds } = timed(() => spawnSync(process.execPath, [PROGRAM, ...COMMAND]));
    whole.push(seconds);
    status = result.status;
  }
  const subject = 'process';
  const nothing: Figure = {
    subject,
    how: 'node -e 0',
    ending: 'done',
    seconds: Math.min(...idle),
  };
  yield nothing;
  const figure: Figure = {
    subject,
    how: `pvrace ${COMMAND.join(' ')}`,
    model: 'tso',
    ...(status === EXIT.broken
      ? { ending: 'broken' }
      : { ending: 'unfinished', why: `exit code ${status}` }),
    seconds: Math.min(...whole),
  };
  yield { ...figure, ...beside(figure, nothing) };
}
