export { UsageError } from '../scenarios/usage-error.ts';
