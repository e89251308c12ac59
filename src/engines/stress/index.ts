export type { StressOptions, StressProgress } from './options.ts';
export { closePools } from './pool.ts';
export { stress } from './stress.ts';
