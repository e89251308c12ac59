import { closeWorkers } from './controlled/workers.ts';
import { closePools as closeStressPools } from './stress/index.ts';

/** Ends the workers that all engines keep warm for runs to come. A process that ends takes them along anyhow. */
export async function closePools(): Promise<void> {
  await Promise.all([closeStressPools(), closeWorkers()]);
}
