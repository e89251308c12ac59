import { openSharedMemory } from '../../src/memory/shared-memory.ts';
import { BARRIER_BYTES, Barrier } from '../../src/memory/wait.ts';
import type { WasmMemory } from '../../src/memory/wasm-memory.ts';
import { runBody, takeOutcome } from '../../src/scenarios/litmus/litmus.ts';
import { PROGRAMS, type ProgramName } from './litmus-programs.ts';

const BARRIER = 0;
const INSTANCES = 256;
const SPINS = 20_000;

export interface LitmusRace {
  readonly memory: WasmMemory;
  readonly program: ProgramName;
  readonly index: number;
  readonly rounds: number;
}

/** One thread of a litmus race over plain memory. Thread 0 returns how many outcomes were forbidden. */
export function race({ memory: shared, program, index, rounds }: LitmusRace): number {
  const memory = openSharedMemory(shared, 'plain');
  const { bodies, outcomes } = PROGRAMS[program];
  const barrier = new Barrier(memory, BARRIER + BARRIER_BYTES, bodies.length, SPINS, () => false);
  let forbidden = 0;
  for (let round = 0; round < rounds; round++) {
    barrier.arrive();
    for (let instance = 0; instance < INSTANCES; instance++)
      runBody(memory, bodies[index]!, index, instance);
    barrier.arrive();
    for (let instance = 0; index === 0 && instance < INSTANCES; instance++) {
      if (outcomes[takeOutcome(memory, bodies.length, instance)]!.expect === 'FORBIDDEN')
        forbidden++;
    }
  }
  return forbidden;
}
