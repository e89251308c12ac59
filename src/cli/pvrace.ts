#!/usr/bin/env node
// The worker of a command that explores imports what it needs while this thread does the same.
if (['verify', 'sample', 'replay'].includes(process.argv[2] ?? '')) {
  void import('../engines/controlled/workers.ts').then(({ warmUp }) => warmUp());
}
const [{ installedLibrary }, { exit, nodeIo }, { run }] = await Promise.all([
  import('./installed-library.ts'),
  import('./node-io.ts'),
  import('./program.ts'),
]);

const io = nodeIo();
await run(process.argv.slice(2), io, installedLibrary);
await exit(io);

export {};
