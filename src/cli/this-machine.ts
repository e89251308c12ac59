import { availableParallelism, cpus } from 'node:os';
import type { Machine } from '../report/report.ts';

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() || 'unknown processor',
  };
}
