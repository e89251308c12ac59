import { randomInt } from 'node:crypto';
import fc from 'fast-check';

/** The seed of a normal run: the same properties every time, everywhere. */
const DEFAULT_SEED = 20_261_123;

/** `SEED=random` roams, `SEED=n` repeats what a roaming run printed. `RUNS=n` multiplies the runs. */
const { SEED = String(DEFAULT_SEED), RUNS = '1' } = process.env;
const seed = SEED === 'random' ? randomInt(2 ** 31) : Number(SEED);
if (!Number.isInteger(seed))
  throw new Error(`Expected SEED to be "random" or a whole number, got ${SEED}.`);

/** The seed of this run of the properties, for whatever draws without fast-check. */
export const PROPERTY_SEED = seed;

fc.configureGlobal({ seed, numRuns: 100 * Number(RUNS) });
if (seed !== DEFAULT_SEED) console.error(`properties run with SEED=${seed}`);
