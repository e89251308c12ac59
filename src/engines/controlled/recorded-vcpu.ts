import type { Hypervisor } from '../../cpu/hypervisor.ts';
import { SampledVcpu } from '../../cpu/sampled-vcpu.ts';
import type { HostAddress } from '../../memory/memory-port.ts';
import type { Memslots } from '../../memory/memslots.ts';
import type { RecordedHostCpu } from './recorded-host-cpu.ts';
import type { RecordedMemory } from './recorded-memory.ts';
import type { Recorder } from './recorder.ts';
import { EXIT_AT_ANY_TIME, EXIT_IF_KICKED, STEP_MEET } from './step.ts';

/** A vCPU whose every instruction is a step of a recorded program; the engine chooses its exits. */
export class RecordedVcpu extends SampledVcpu {
  readonly #recorder: Recorder;
  readonly #recordedHost: RecordedHostCpu;
  readonly #kick: HostAddress;
  #armed = false;

  constructor(
    id: number,
    memory: RecordedMemory,
    host: RecordedHostCpu,
    slots: Memslots,
    hypervisor: Hypervisor,
    kick: HostAddress,
    recorder: Recorder,
  ) {
    super(id, memory, host, slots, hypervisor);
    this.#recorder = recorder;
    this.#recordedHost = host;
    this.#kick = kick;
  }

  /** One exit may come at any step from now on, or never: that is the engine's choice. */
  exitWithin(): void {
    this.#armed = true;
  }

  protected exitPending(): boolean {
    const exits = this.#armed ? EXIT_AT_ANY_TIME : EXIT_IF_KICKED;
    if (!this.#recorder.boundary(exits, this.#kick)) return false;
    this.#armed = false;
    return true;
  }

  /** Stays in guest mode, where exits and interrupts reach it, until no other thread has a step to take. */
  linger(): void {
    while (this.exitPending()) this.exit();
    if (this.#recorder.mayExit) this.#recorder.step(STEP_MEET, 0, 0, 0, 0, 0, 0, false);
  }

  // What changes the vCPU without touching memory: an exit before it is not the same as one after it.
  override cli(): void {
    this.boundary();
    this.#recorder.settle();
    this.interruptFlag = false;
  }
  override sti(): void {
    this.boundary();
    this.#recorder.settle();
    this.enableInterrupts();
  }

  override readCr2(): number {
    this.boundary();
    this.#recorder.settle();
    return this.cr2;
  }

  override rdtsc(): bigint {
    this.boundary();
    this.#recordedHost.ordered = false;
    const tsc = this.readTsc();
    this.#recordedHost.ordered = true;
    return tsc;
  }
  override rdtscOrdered(): bigint {
    this.boundary();
    return this.readTsc();
  }
}
