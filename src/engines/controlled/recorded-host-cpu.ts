import type { HostCpu } from '../../cpu/host-cpu.ts';
import { KICK_IPI } from '../../cpu/thread-host-cpu.ts';
import type { Gpa, HostAddress, MemoryPort } from '../../memory/memory-port.ts';
import type { Memslots } from '../../memory/memslots.ts';
import type { Recorder } from './recorder.ts';
import { STEP_TSC, STEP_TSC_ORDERED } from './step.ts';

/** How a machine's TSC runs in the controlled engines: in steps of the clock. */
export interface ClockSteps {
  readonly firstTick: bigint;
  /** Ticks by which the TSC advances at each step of the clock. */
  readonly ticks: bigint;
  /** How often it does. */
  readonly steps: number;
}

/** A physical CPU whose every action is a step of a recorded program. */
export class RecordedHostCpu implements HostCpu {
  readonly memory: MemoryPort;
  readonly #recorder: Recorder;
  readonly #slots: Memslots;
  readonly #clock: ClockSteps;
  /** Whether the next reading of the TSC is ordered after the loads before it. */
  ordered = true;

  constructor(memory: MemoryPort, recorder: Recorder, slots: Memslots, clock: ClockSteps) {
    this.memory = memory;
    this.#recorder = recorder;
    this.#slots = slots;
    this.#clock = clock;
  }

  translate(gpa: Gpa, bytes: number): HostAddress {
    return this.#slots.translate(gpa, bytes);
  }
  hostTsc(): bigint {
    if (this.#clock.steps === 0) return this.#clock.firstTick;
    // KVM reads its TSC by rdtsc_ordered().
    const op = this.ordered ? STEP_TSC_ORDERED : STEP_TSC;
    this.#recorder.step(op, 0, 0, 0, 0, 0, 0, false);
    return this.#clock.firstTick + BigInt(this.#recorder.low) * this.#clock.ticks;
  }
  /** The clock advances at any step as it is. */
  passTime(): void {}

  sendKick(kick: HostAddress): void {
    this.memory.lockOr32(kick, KICK_IPI);
  }
  acknowledgeKick(kick: HostAddress): void {
    if ((this.memory.load32(kick) & KICK_IPI) !== 0) this.memory.lockAnd32(kick, ~KICK_IPI);
  }
  sleepUntilKick(kick: HostAddress): void {
    this.#recorder.sleep(kick);
  }
  relax(): void {
    this.#recorder.relax();
  }
}
