import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { thisMachine } from '../../src/cli/this-machine.ts';
import { FULL, QUICK } from './effort.ts';
import type { Figure } from './figure.ts';
import { measureControlled } from './measure.ts';
import { table } from './table.ts';

// `npm run bench:controlled`: how fast verify and sample are. Figures go to stdout, progress to stderr.
const USAGE = 'Usage: npm run bench:controlled [-- [--quick] [--json]]';

interface Asked {
  readonly json: boolean;
  readonly quick: boolean;
}

function asked(): Asked | undefined {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

function progress({ subject, model, how, ending }: Figure): void {
  process.stderr.write(`${[subject, model, how].filter(Boolean).join(', ')}: ${ending}\n`);
}

async function main({ json, quick }: Asked): Promise<void> {
  const machine = { ...thisMachine(), load: loadavg()[0]! };
  const figures = await measureControlled(quick ? QUICK : FULL, progress);
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, quick, figures }, undefined, 2)}\n`);
    return;
  }
  const { cpu, cores, node, load } = machine;
  process.stdout.write(
    `${cpu}, ${cores} cores, Node ${node}; load ${load.toFixed(1)} at the start\n\n`,
  );
  process.stdout.write(`${table(figures).join('\n')}\n`);
}

const options = asked();
if (options !== undefined) await main(options);
