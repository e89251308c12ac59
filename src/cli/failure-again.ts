import { formatReplay } from '../engines/replay/replay-file.ts';
import type { Broken, EngineName } from '../engines/result.ts';
import { stepInWords } from '../report/interleaving.ts';
import { quoted, scenarioWords } from './command-line.ts';
import { type Session, writeOr } from './session.ts';

/** Option of all commands that find failures. */
export const SAVE_OPTION = [
  '--save <file>',
  'write the schedule of the first failure, for `pvrace replay`',
] as const;

/** What was run: what a command line or a replay file says of it. */
export interface RunSubject {
  readonly scenario: string | URL;
  readonly mutant?: string;
  readonly guest?: string | URL;
  readonly seed?: string;
  readonly vcpus?: number;
  readonly steps?: number;
  readonly strategy?: string;
}

/** Which engine found a schedule, under which model: of a race, the one that was asked afterwards. */
function finderOf({ engine, model = 'tso', search }: Broken): {
  readonly engine: EngineName;
  readonly model: 'sc' | 'tso' | 'weak';
} {
  return { engine: search?.engine ?? engine, model: search?.model ?? model };
}

/** Writes the schedule of a failure to a file; returns the command that follows it, or one that finds it again. */
export async function saveSchedule(
  { head, io }: Session,
  run: RunSubject,
  broken: Broken,
  file: string,
): Promise<string> {
  const { moves = [], schedule = [], scenario, mutant, guest, invariant, instance } = broken;
  const text = formatReplay({
    version: head.version,
    ...finderOf(broken),
    scenario: run.scenario instanceof URL ? run.scenario.href : scenario,
    ...(mutant === undefined ? {} : { mutant }),
    ...(guest === undefined ? {} : { guest }),
    ...(run.vcpus === undefined ? {} : { vcpus: run.vcpus }),
    ...(run.steps === undefined ? {} : { steps: run.steps }),
    ...(typeof instance.story === 'string' ? { story: instance.story } : {}),
    invariant,
    shared: schedule.flatMap(({ address, bytes }) =>
      address === undefined || bytes === undefined ? [] : [{ address, bytes }],
    ),
    moves,
    expected: schedule.map(({ action, place }) => ({
      action,
      ...(place === undefined ? {} : { place }),
    })),
    notes: schedule.map((step) => `${step.actor}: ${stepInWords(step)}`),
  });
  if (await writeOr(io, '--save', file, text)) return `pvrace replay ${quoted(file)}`;
  return searchCommand(run, broken);
}

/** The command that finds the same schedule again. */
export function searchCommand(run: RunSubject, broken: Broken): string {
  const { engine, model } = finderOf(broken);
  const words = ['pvrace', engine, ...scenarioWords(run.scenario), '--model', model];
  if (run.mutant !== undefined) words.push('--mutant', run.mutant);
  if (run.guest !== undefined) words.push('--guest', `${run.guest}`);
  if (run.vcpus !== undefined) words.push('--vcpus', `${run.vcpus}`);
  if (run.steps !== undefined) words.push('--bound', `${run.steps}`);
  if (run.strategy !== undefined) words.push('--strategy', run.strategy);
  if (engine === 'sample' && run.seed !== undefined) words.push('--seed', run.seed);
  return words.map(quoted).join(' ');
}
