import { availableParallelism, cpus } from 'node:os';
import type { AccessMode } from '../../memory/shared-memory.ts';
import type { AccessDiagnosis, Diagnosis } from './diagnosis.ts';
import { stress } from './stress.ts';

/** Seconds that each access mode is tried for. */
const SECONDS = 0.8;

/** Measures what this machine and this Node can show of races. */
export async function diagnose(): Promise<Diagnosis> {
  const accessModes: AccessDiagnosis[] = [];
  for (const access of ['plain', 'atomic'] as const) accessModes.push(await measure(access));
  const parallel = availableParallelism();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: cpus().length,
    availableParallelism: parallel,
    pause: typeof (Atomics as { pause?: unknown }).pause === 'function',
    accessModes,
    sensitivity: Math.max(...accessModes.map((mode) => mode.canaryCollisionsPerSecond)),
    notes: notesOn(parallel, accessModes),
  };
}

async function measure(access: AccessMode): Promise<AccessDiagnosis> {
  const result = await stress({
    scenario: 'store-buffering',
    access,
    seconds: SECONDS,
    canarySeconds: SECONDS,
  });
  const weak = result.outcomes
    .filter(({ expect }) => expect === 'INTERESTING')
    .reduce((sum, { count }) => sum + count, 0);
  const samples = result.samples ?? 0;
  return {
    access,
    stressable: true,
    canaryCollisionsPerSecond: result.sensitivity ?? 0,
    storeBufferingPerMillion: samples === 0 ? 0 : Math.round((weak / samples) * 1e6),
  };
}

function notesOn(cores: number, modes: readonly AccessDiagnosis[]): string[] {
  const [plain, atomic] = modes;
  const notes: string[] = [];
  if (cores === 1) {
    notes.push(
      'One core: threads take turns, so only races that a preemption between two steps shows are seen, seconds later than on two. Store buffers do not show at all.',
    );
  } else {
    notes.push(
      `${cores} cores: ${cores} threads race at once; more take turns, which still shows races but more slowly.`,
    );
  }
  notes.push(
    plain!.storeBufferingPerMillion > 0
      ? "With plain access the hardware's store buffers show: twins that need them (Z-R1) can be caught."
      : 'With plain access no store buffer was seen: a twin that needs one (Z-R1) cannot be caught here.',
  );
  notes.push(
    atomic!.storeBufferingPerMillion === 0
      ? 'With atomic access every interleaving is sequentially consistent.'
      : 'With atomic access a store buffer was seen, which JavaScript forbids: suspect this Node.',
  );
  if (plain!.canaryCollisionsPerSecond === 0) {
    notes.push('The canary race lost no update: a green result means nothing on this machine now.');
  }
  return notes;
}
