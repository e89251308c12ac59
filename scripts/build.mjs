// Builds dist afresh: every module for the tests, and in dist/bundle what is published. A command and
// each of its workers would otherwise read some 250 files before they begin. Puts the command where
// `npx` and scripts look for it, in this checkout too.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
);
const command = join('dist', 'bundle', 'src', 'cli', 'pvrace.js');
const bin = join('node_modules', '.bin');

rmSync('dist', { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [compiler, '-p', '.'], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(1);
await build({
  entryPoints: ['src/index.ts', 'src/cli/pvrace.ts', 'workers/controlled.ts', 'workers/stress.ts'],
  outdir: join('dist', 'bundle'),
  outbase: '.',
  bundle: true,
  // One build with shared pieces: a scenario that imports the library gets the classes that its worker has.
  splitting: true,
  // As deep as src/engines/worker-file.ts, which finds the workers from where it is.
  chunkNames: 'src/engines/[name]-[hash]',
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
});
chmodSync(command, 0o755);
if (existsSync(bin) && process.platform !== 'win32') {
  rmSync(join(bin, 'pvrace'), { force: true });
  symlinkSync(join('..', '..', command), join(bin, 'pvrace'));
}
