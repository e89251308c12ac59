import { installedLibrary } from '../src/cli/installed-library.ts';
import { exit, nodeIo } from '../src/cli/node-io.ts';
import { run } from '../src/cli/program.ts';

// `npm run bench` is `pvrace bench` over the reference workloads; options such as --json pass through.
const io = nodeIo();
await run(['bench', ...process.argv.slice(2)], io, installedLibrary);
await exit(io);
