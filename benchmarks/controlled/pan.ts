import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The same seqlock in Promela. It lies beside the sources, which are compiled to `dist`. */
const MODEL = fileURLToPath(new URL('../../../benchmarks/controlled/seqlock.pml', import.meta.url));
/** Starts of each verifier: the fastest counts, the time to start a process within it. */
const STARTS = 3;
const MEGABYTE = 2 ** 20;

/** What SPIN needs on a machine, by name or path. */
export interface SpinTools {
  readonly spin: string;
  readonly compiler: string;
}

/** The tool that this machine lacks, if any. */
export async function firstMissing({ spin, compiler }: SpinTools): Promise<string | undefined> {
  for (const [tool, option] of [
    [spin, '-V'],
    [compiler, '--version'],
  ] as const) {
    try {
      await run(tool, [option]);
    } catch {
      return tool;
    }
  }
  return undefined;
}

/** Where verifiers are made and run, and what they may cost. */
export interface PanPlace {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly tools: SpinTools;
  readonly mostBytes: number;
  readonly mostSeconds: number;
}

/** Makes a verifier (SPIN calls it `pan`) of the seqlock: of a size, and with options of its compiler. */
export async function buildPan(
  model: readonly string[],
  options: readonly string[],
  { folder: cwd, signal, tools, mostBytes }: PanPlace,
): Promise<void> {
  const memory = `-DMEMLIM=${mostBytes / MEGABYTE}`;
  const source = ['-O2', '-w', '-DSAFETY', memory, ...options, '-o', 'pan', 'pan.c'];
  await run(tools.spin, ['-a', ...model, MODEL], { cwd, signal });
  await run(tools.compiler, source, { cwd, signal });
}

/** The fastest of several starts of the verifier; undefined where one takes too long. */
export async function runPan(
  options: readonly string[],
  { folder: cwd, signal, mostSeconds }: PanPlace,
): Promise<{ readonly output: string; readonly seconds: number } | undefined> {
  const limits = { cwd, signal, timeout: mostSeconds * 1000 };
  let seconds = Number.POSITIVE_INFINITY;
  let output = '';
  for (let start = 0; start < STARTS; start++) {
    const began = performance.now();
    try {
      output = (await run('./pan', options, limits)).stdout;
    } catch (error) {
      if ((error as { killed?: boolean }).killed !== true) throw error;
      return undefined;
    }
    seconds = Math.min(seconds, (performance.now() - began) / 1000);
  }
  return { output, seconds };
}
