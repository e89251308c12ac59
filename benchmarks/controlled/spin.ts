import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Effort } from './effort.ts';
import { subjectOf } from './exhaust.ts';
import { beside, type Figure } from './figure.ts';
import { parsePan } from './pan-output.ts';
import { inTemporaryFolder } from './temporary-folder.ts';

const run = promisify(execFile);

/** The same seqlock in Promela. It lies beside the sources, which are compiled to `dist`. */
const MODEL = fileURLToPath(new URL('../../../benchmarks/controlled/seqlock.pml', import.meta.url));
/** Starts of a verifier: its own time to start counts as well. */
const STARTS = 3;
const MEGABYTE = 2 ** 20;

/** With and without partial-order reduction, and which of ours each is held against. */
const WAYS = [
  { how: 'SPIN, reduced', flags: [], ours: 'reduced' },
  { how: 'SPIN, all steps', flags: ['-DNOREDUCE'], ours: 'all steps' },
] as const;

type Way = (typeof WAYS)[number];

/** What SPIN needs on a machine, by name or path. */
export interface SpinTools {
  readonly spin: string;
  readonly compiler: string;
}

/** Explores the same seqlocks with SPIN, whose memory is sequentially consistent. */
export async function spin(
  effort: Effort,
  ours: readonly Figure[],
  tell: (figure: Figure) => void,
  tools: SpinTools = { spin: 'spin', compiler: 'gcc' },
): Promise<void> {
  const missing = await firstMissing(tools);
  if (missing !== undefined) {
    const why = `this machine has no ${missing}`;
    return tell({ subject: 'seqlock', how: 'SPIN', ending: 'absent', why });
  }
  await inTemporaryFolder(async (folder, signal) => {
    for (const updates of effort.updates) {
      for (const way of WAYS) {
        for (const readers of effort.readers) {
          const place: Place = { folder, signal, tools, effort };
          const figure = await explore(updates, readers, way, place);
          const { subject } = figure;
          const own = ours.find(
            (each) => each.subject === subject && each.model === 'sc' && each.how === way.ours,
          );
          tell({ ...figure, ...beside(figure, own) });
          if (figure.ending === 'unfinished') break;
        }
      }
    }
  });
}

interface Place {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly tools: SpinTools;
  readonly effort: Effort;
}

async function explore(
  updates: number,
  readers: number,
  { how, flags }: Way,
  { folder: cwd, signal, tools, effort }: Place,
): Promise<Figure> {
  const what = { subject: subjectOf(updates, readers), how, model: 'sc' } as const;
  const memory = `-DMEMLIM=${effort.mostBytes / MEGABYTE}`;
  await run(tools.spin, ['-a', `-DUPDATES=${updates}`, `-DREADERS=${readers}`, MODEL], {
    cwd,
    signal,
  });
  await run(tools.compiler, ['-O2', '-w', '-DSAFETY', memory, ...flags, '-o', 'pan', 'pan.c'], {
    cwd,
    signal,
  });
  let seconds = Number.POSITIVE_INFINITY;
  let output = '';
  for (let start = 0; start < STARTS; start++) {
    const began = performance.now();
    try {
      const timeout = effort.mostSeconds * 1000;
      ({ stdout: output } = await run('./pan', { cwd, signal, timeout }));
    } catch {
      return { ...what, ending: 'unfinished', why: 'out of time' };
    }
    seconds = Math.min(seconds, (performance.now() - began) / 1000);
  }
  const parsed = parsePan(output);
  if (parsed === undefined) return { ...what, ending: 'unfinished', why: 'SPIN said no figures' };
  return {
    ...what,
    ...parsed,
    ...(parsed.ending === 'unfinished' ? { why: 'out of memory or depth' } : {}),
    seconds,
    perSecond: parsed.states / seconds,
  };
}

async function firstMissing({ spin, compiler }: SpinTools): Promise<string | undefined> {
  try {
    await run(spin, ['-V']);
  } catch {
    return spin;
  }
  try {
    await run(compiler, ['--version']);
  } catch {
    return compiler;
  }
  return undefined;
}
