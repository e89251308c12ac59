export type { VerifyOptions, VerifyProgress } from './options.ts';
export { verify } from './verify.ts';
