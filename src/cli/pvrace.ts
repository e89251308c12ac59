#!/usr/bin/env node
import { installedLibrary } from './installed-library.ts';
import { exit, nodeIo } from './node-io.ts';
import { run } from './program.ts';

const io = nodeIo();
await run(process.argv.slice(2), io, installedLibrary);
await exit(io);
