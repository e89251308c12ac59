export type { SampleOptions, SampleProgress } from './options.ts';
export { sample } from './sample.ts';
