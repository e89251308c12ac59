import {
  type AccessMode,
  openSharedMemory,
  type SharedMemory,
} from '../../src/memory/shared-memory.ts';
import { BARRIER_BYTES, Barrier, loadControl, storeControl } from '../../src/memory/wait.ts';
import type { WasmMemory } from '../../src/memory/wasm-memory.ts';

/** Threads of the properties that need real ones. Each export is a Piscina task. */

/** Layout: a stop word, the barrier, then what the race is about. */
const STOP = 0;
const BARRIER = 64;
export const ARENA = BARRIER + BARRIER_BYTES;
const LINE = 64;

export interface Race {
  readonly memory: WasmMemory;
  readonly access: AccessMode;
  readonly index: number;
  readonly parties: number;
  readonly rounds: number;
}

function open({ memory, access }: Race): SharedMemory {
  return openSharedMemory(memory, access);
}

function barrierOf(race: Race, memory: SharedMemory, spins: number): Barrier {
  return new Barrier(memory, BARRIER, race.parties, spins, () => loadControl(memory, STOP) !== 0);
}

/** The two values that {@link tear}'s writer alternates between. */
export const ZEROS = 0n;
export const ONES = 0xffff_ffff_ffff_ffffn;

/** Thread 0 stores all zeros and all ones in turn at `address`; the others count what is neither. */
export function tear(race: Race & { readonly address: number }): number {
  const memory = open(race);
  const { address, rounds, parties } = race;
  barrierOf(race, memory, 20_000).arrive();
  if (race.index === 0) {
    // Until every reader has done its loads: one that starts late meets stores, too.
    while (loadControl(memory, ARENA) < parties - 1) {
      for (let i = 0; i < 64; i++) {
        memory.store64(address, ONES);
        memory.store64(address, ZEROS);
      }
    }
    return 0;
  }
  let torn = 0;
  for (let round = 0; round < rounds; round++) {
    const value = memory.load64(address);
    if (value !== ZEROS && value !== ONES) torn++;
  }
  memory.lockAdd32(ARENA, 1);
  return torn;
}

/** Waits by sleeping once, without a look whether the generation has moved: a late notify releases it. */
class OnceBarrier {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #parties: number;
  constructor(memory: SharedMemory, parties: number) {
    this.#words = memory.i32;
    this.#parties = parties;
  }
  arrive(): boolean {
    const [arrived, generation] = [BARRIER / 4, BARRIER / 4 + 16];
    const now = Atomics.load(this.#words, generation);
    if (Atomics.add(this.#words, arrived, 1) === this.#parties - 1) {
      Atomics.store(this.#words, arrived, 0);
      Atomics.add(this.#words, generation, 1);
      Atomics.notify(this.#words, generation);
    } else {
      Atomics.wait(this.#words, generation, now, 50);
    }
    return Atomics.load(this.#words, STOP) === 0;
  }
}

/**
 * Meets all others so many times, and looks each time whether somebody is missing or ahead. Returns
 * the rounds in which that was so. `nudger` threads only wake sleepers, as a late notify would.
 */
export function meet(
  race: Race & { readonly spins: number; readonly loops: boolean; readonly nudger: boolean },
): number {
  const memory = open(race);
  const { index, parties, rounds, spins } = race;
  if (race.nudger) {
    while (loadControl(memory, STOP) === 0) Atomics.notify(memory.i32, BARRIER / 4 + 16);
    return 0;
  }
  const barrier = race.loops ? barrierOf(race, memory, spins) : new OnceBarrier(memory, parties);
  const roundOf = (party: number): number => ARENA + party * LINE;
  let wrong = 0;
  for (let round = 1; round <= rounds; round++) {
    storeControl(memory, roundOf(index), round);
    if (!barrier.arrive()) return wrong;
    for (let party = 0; party < parties; party++) {
      // Whoever has left this barrier may be on the way to the next one, but nobody is behind.
      const at = loadControl(memory, roundOf(party));
      if (at === round || at === round + 1) continue;
      wrong++;
      storeControl(memory, STOP, 1);
      return wrong;
    }
  }
  if (index === 0) storeControl(memory, STOP, 1);
  return wrong;
}

/** Store buffering on one pair of words; returns how often both threads loaded 0, on thread 0. */
export function bufferStores(race: Race & { readonly fence: boolean }): number {
  const memory = open(race);
  const { index, rounds, fence } = race;
  const barrier = barrierOf(race, memory, 20_000);
  const [x, y] = index === 0 ? [ARENA, ARENA + 0x1000] : [ARENA + 0x1000, ARENA];
  const seen = (thread: number): number => ARENA + 0x2000 + thread * 0x1000;
  const pairs = 256;
  let weak = 0;
  for (let round = 0; round < rounds; round++) {
    barrier.arrive();
    for (let pair = 0; pair < pairs; pair++) {
      memory.store32(x + pair * 8, 1);
      if (fence) memory.mb();
      memory.store32(seen(index) + pair * 4, memory.load32(y + pair * 8));
    }
    barrier.arrive();
    for (let pair = 0; index === 0 && pair < pairs; pair++) {
      if (memory.load32(seen(0) + pair * 4) + memory.load32(seen(1) + pair * 4) === 0) weak++;
      memory.store32(x + pair * 8, 0);
      memory.store32(y + pair * 8, 0);
    }
  }
  return weak;
}
