import { fileURLToPath } from 'node:url';
import type { StressOptions } from '../engines/stress/options.ts';
import { formatDuration } from './duration.ts';

/** The command that races the same again. */
export function stressCommandLine(options: StressOptions): string {
  const { scenario, mutant, guest, vcpus, seconds, access, seed } = options;
  const words = ['pvrace', 'stress', ...scenarioWords(scenario)];
  if (mutant !== undefined) words.push('--mutant', mutant);
  if (guest !== undefined) words.push('--guest', `${guest}`);
  if (vcpus !== undefined) words.push('--vcpus', `${vcpus}`);
  if (seconds !== undefined) words.push('--time', formatDuration(seconds));
  if (access !== undefined) words.push('--access', access);
  if (seed !== undefined) words.push('--seed', seed);
  return words.map(quoted).join(' ');
}

/** How a command line names a scenario: by its name, or by the file of its module. */
export function scenarioWords(scenario: string | URL): readonly string[] {
  const name = String(scenario);
  return name.startsWith('file:') ? ['--scenario', fileURLToPath(name)] : [name];
}

/** A word as a shell reads it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
