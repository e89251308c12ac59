// Builds dist afresh, and puts the command where `npx` and scripts look for it, in this checkout too.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
);
const command = join('dist', 'src', 'cli', 'pvrace.js');
const bin = join('node_modules', '.bin');

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', '.'], { stdio: 'inherit' });
chmodSync(command, 0o755);
if (existsSync(bin) && process.platform !== 'win32') {
  rmSync(join(bin, 'pvrace'), { force: true });
  symlinkSync(join('..', '..', command), join(bin, 'pvrace'));
}
