import { Option } from 'commander';
import { argument } from './argument.ts';
import { parseCount } from './count.ts';
import { thisMachine } from './this-machine.ts';

/**
 * `--workers`: one exploration takes one core, so further ones help where several scenarios are asked
 * for, and are left idle where they would not.
 */
export function workersOption(): Option {
  return new Option(
    '--workers <count>',
    'scenarios explored at a time (default: one for each core)',
  )
    .argParser(argument(parseCount))
    .default(thisMachine().cores, 'cores');
}
