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
  readonly #hypervisor: Hypervisor;
  readonly #slots: Memslots;
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
    this.#hypervisor = hypervisor;
    this.#slots = slots;
  }

  /** A number for all that is kept here and in what the port is made of, besides memory. */
  registers(): number {
    const flags = (this.interruptFlag ? 1 : 0) | (this.userMode ? 2 : 0) | (this.#armed ? 4 : 0);
    const { offset, ratio } = this.#hypervisor.guestTsc;
    let hash = this.cr2 | 0;
    for (const value of [offset, ratio, this.sampleHash])
      hash = mix(
        mix(hash, Number(BigInt.asIntN(32, value))),
        Number(BigInt.asIntN(32, value >> 32n)),
      );
    return (mix(hash, this.#slots.held) >>> 0) * 8 + flags;
  }

  /** The program that is interrupted by an exit does not know of it. */
  override exit(): void {
    const { knowledge } = this.#recorder;
    const call = knowledge.enter();
    super.exit();
    knowledge.vanish(call);
  }

  /** Nor of the handlers that run in between. */
  protected override deliver(vector: number): void {
    const { knowledge } = this.#recorder;
    const call = knowledge.enter();
    knowledge.learn(vector, 0);
    if (this.#recorder.remembers) knowledge.keep();
    super.deliver(vector);
    knowledge.vanish(call);
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

  /** One that repeats the two before it is not noted: a loop that goes round while time stands still ends up where it was. */
  protected override sampleTsc(tsc: bigint): bigint {
    const repeats = this.sampled > 1 && this.sample(0) === tsc && this.sample(1) === tsc;
    return repeats ? tsc : super.sampleTsc(tsc);
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

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
