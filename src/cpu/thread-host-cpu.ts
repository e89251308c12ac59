import type { Gpa, HostAddress, MemoryPort } from '../memory/memory-port.ts';
import type { Memslots } from '../memory/memslots.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { loadControl, pause, waitWhile, wakeAll } from '../memory/wait.ts';
import { RunStopped } from './faults.ts';
import type { HostCpu } from './host-cpu.ts';
import type { TimeSource } from './time-source.ts';

/**
 * Bits of a kick word: an IPI to be taken; the end of the run, which is never acknowledged; and the
 * vCPU's own mark that one of its next steps is to be delayed.
 */
export const KICK_IPI = 1;
export const KICK_STOP = 2;
export const KICK_DELAY = 4;

/** A spinner that has spun this long gives its time slice away: its peer may have no core. */
const SPINS_BEFORE_SLEEP = 2_000;
const SLEEP_MILLISECONDS = 0.05;

/** How long `sleepUntilKick` sleeps before it returns by itself, so that no lost wake-up hangs a run. */
const HALT_MILLISECONDS = 20;

/**
 * A physical CPU of the host on a real thread. Host code works on `memory`, which may be noisy; what
 * stands for hardware here goes to the shared memory directly.
 */
export class ThreadHostCpu implements HostCpu {
  readonly memory: MemoryPort;
  readonly #shared: SharedMemory;
  readonly #slots: Memslots;
  readonly #time: TimeSource;
  readonly #stop: HostAddress;
  readonly #random: { next(): number };
  readonly #tick: HostAddress;
  #spins = 0;
  #stopped = false;

  constructor(
    memory: MemoryPort,
    shared: SharedMemory,
    slots: Memslots,
    time: TimeSource,
    stop: HostAddress,
    random: { next(): number },
    tick: HostAddress,
  ) {
    this.memory = memory;
    this.#shared = shared;
    this.#slots = slots;
    this.#time = time;
    this.#stop = stop;
    this.#random = random;
    this.#tick = tick;
  }

  translate(gpa: Gpa, bytes: number): HostAddress {
    return this.#slots.translate(gpa, bytes);
  }
  hostTsc(): bigint {
    return this.#time.now();
  }

  passTime(ticks: number): void {
    const passed = Math.floor((this.#random.next() / 2 ** 32) * (ticks + 1));
    this.#shared.lockAdd64(this.#tick, BigInt(passed));
  }

  sendKick(kick: HostAddress): void {
    this.#shared.lockOr32(kick, KICK_IPI);
    wakeAll(this.#shared, kick);
  }
  acknowledgeKick(kick: HostAddress): void {
    // Plain look first: most exits are the guest's own and find no IPI, and a locked RMW is dear.
    const word = this.#shared.load32(kick);
    if ((word & (KICK_IPI | KICK_STOP)) === 0) return;
    if ((word & KICK_STOP) !== 0) this.#throwStopped();
    this.#shared.lockAnd32(kick, ~KICK_IPI);
  }
  sleepUntilKick(kick: HostAddress): void {
    this.throwIfStopped();
    const word = loadControl(this.#shared, kick);
    if ((word & (KICK_IPI | KICK_STOP)) === 0)
      waitWhile(this.#shared, kick, word, HALT_MILLISECONDS);
    this.throwIfStopped();
  }
  relax(): void {
    pause();
    if ((++this.#spins & 63) !== 0) return;
    this.throwIfStopped();
    if (this.#spins < SPINS_BEFORE_SLEEP) return;
    this.#spins = 0;
    waitWhile(this.#shared, this.#stop, 0, SLEEP_MILLISECONDS);
  }
  throwIfStopped(): void {
    if (loadControl(this.#shared, this.#stop) !== 0) this.#throwStopped();
  }

  /** Whether the end of the run has been thrown through this thread's program. */
  get stopped(): boolean {
    return this.#stopped;
  }

  #throwStopped(): never {
    this.#stopped = true;
    throw new RunStopped();
  }
}
