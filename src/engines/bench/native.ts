import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SOURCE = 'benchmarks/native/workloads.c';

/** What a C workload came to. */
export interface NativeMeasurement {
  readonly operationsPerSecond: number;
  /** Retries of clock reads, weak outcomes of store buffering. */
  readonly retriesPerSecond: number;
}

/** The C workloads of this machine, or why there are none. */
export type Native =
  | { readonly kind: 'compiled'; readonly program: string }
  | { readonly kind: 'absent'; readonly reason: string };

/** The package's own folder: the nearest one above that has a package.json. */
function packageFolder(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    if (existsSync(new URL('package.json', folder))) return fileURLToPath(folder);
    if (folder.pathname === '/') return '.';
  }
}

/**
 * Compiles the C workloads with the machine's `cc`, once for each version of their source.
 *
 * @param compiler name or path of the compiler
 */
export async function compileNative(compiler = 'cc'): Promise<Native> {
  const source = join(packageFolder(), SOURCE);
  if (!existsSync(source)) return { kind: 'absent', reason: `${SOURCE} is not installed` };
  const version = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), 'pvrace-native');
  const program = join(folder, `workloads-${version}`);
  try {
    await run(compiler, ['--version']);
  } catch {
    return { kind: 'absent', reason: `this machine has no ${compiler}` };
  }
  try {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(program)) await run(compiler, ['-O2', '-pthread', '-o', program, source]);
    return { kind: 'compiled', program };
  } catch (error) {
    return {
      kind: 'absent',
      reason: `${compiler} failed: ${(error as Error).message.split('\n')[0]}`,
    };
  }
}

/** Runs one C workload; undefined where there is none of that name. */
export async function measureNative(
  native: Native,
  name: string,
  seconds: number,
  threads: number,
): Promise<NativeMeasurement | undefined> {
  if (native.kind === 'absent') return undefined;
  try {
    const { stdout } = await run(native.program, [name, String(seconds), String(threads)]);
    return JSON.parse(stdout) as NativeMeasurement;
  } catch {
    return undefined;
  }
}
