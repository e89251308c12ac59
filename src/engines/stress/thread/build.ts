import { Noise } from '../../../cpu/noise.ts';
import { NoisyMemory } from '../../../cpu/noisy-memory.ts';
import { ThreadHostCpu } from '../../../cpu/thread-host-cpu.ts';
import { PlainThreadVcpu, ThreadVcpu } from '../../../cpu/thread-vcpu.ts';
import { MonotonicTick, SharedTick, StillTick, type TimeSource } from '../../../cpu/time-source.ts';
import type { GuestRoles } from '../../../guest/roles.ts';
import { type HostOps, referenceHost } from '../../../host/host-ops.ts';
import { Kvm } from '../../../host/kvm.ts';
import { KvmVcpu } from '../../../host/kvm-vcpu.ts';
import { VCPU, VM } from '../../../host/records.ts';
import { Memslots } from '../../../memory/memslots.ts';
import { AtomicMemory, type SharedMemory } from '../../../memory/shared-memory.ts';
import { checkedProgram } from '../../../scenarios/check-threads.ts';
import { instrumented } from '../../../scenarios/instrumented.ts';
import type { InvariantId } from '../../../scenarios/invariants.ts';
import { Ledger } from '../../../scenarios/ledger.ts';
import { hashSeed, Random } from '../../../scenarios/random.ts';
import type {
  HostThread,
  Program,
  Scenario,
  ThreadSpec,
  VcpuThread,
} from '../../../scenarios/scenario.ts';
import { checkedRoles } from '../../checked-roles.ts';
import { checkedOutcome, checkViolation } from '../../checked-thread.ts';
import { isScenarioModule } from '../../scenario-module.ts';
import { ViolationFound } from '../../violation.ts';
import type { ThreadTask } from '../task.ts';
import type { ThreadBlock } from '../thread-block.ts';
import { idler } from './idle.ts';

/** What one thread of a run consists of. */
export class BuiltThread {
  readonly random: Random;
  readonly noise: Noise;
  /** The port, where the thread is a vCPU. */
  readonly cpu: ThreadVcpu | undefined;
  readonly program: Program;
  /** What the program found broken, also where somebody's catch has swallowed that. */
  violation: ViolationFound | undefined;

  /**
   * Builds the thread's world and lets the scenario set its part of the guest up.
   *
   * @param replaced host operations in place of the reference's
   */
  constructor(
    task: ThreadTask,
    scenario: Scenario,
    spec: ThreadSpec,
    memory: SharedMemory,
    block: ThreadBlock,
    roles: GuestRoles,
    replaced: Partial<HostOps>,
  ) {
    const { machine, map, control, quiet } = task;
    this.random = new Random(hashSeed(task.seed, scenario.name, task.index));
    const drawn = new Random(hashSeed(task.seed, 'noise', task.index));
    this.noise = new Noise(drawn, memory, control.stop);
    const { random, noise } = this;
    const slots = new Memslots(memory, map.memslotTable);
    const host = new ThreadHostCpu(
      quiet ? memory : new NoisyMemory(memory, noise),
      memory,
      slots,
      timeSource(task, memory),
      control.stop,
      random,
      map.vm + VM.tick,
    );
    const thread: Record<string, unknown> & { kvm?: Kvm } = {
      name: spec.name,
      machine,
      random,
      ledger: new Ledger(new AtomicMemory(task.memory), control.ledger, scenario.ledgerBytes),
      idle: idler(task, memory, random),
      outcome: outcomeCounter(task, scenario, block),
      violated: this.#reporter(scenario),
    };
    const ops = { ...referenceHost, ...replaced };
    const kvm = new Kvm(host, instrumented(scenario, ops, thread as unknown as HostThread), map.vm);
    thread.kvm = kvm;
    if (spec.vcpu === undefined) {
      this.program = checkedProgram(spec.start(thread as unknown as HostThread), spec.name);
      return;
    }
    const vcpu = kvm.vcpu(spec.vcpu);
    const hypervisor = new KvmVcpu(kvm, vcpu);
    // Plain accesses have a flattened port; an exit at any step needs the one that counts steps.
    const Port = task.access === 'plain' && !machine.exitsAnywhere ? PlainThreadVcpu : ThreadVcpu;
    const kick = vcpu + VCPU.kick;
    const cpu = new Port(spec.vcpu, memory, host, slots, hypervisor, kick, random, noise);
    this.cpu = cpu;
    thread.cpu = cpu;
    thread.vcpu = vcpu;
    thread.roles = quiet ? roles : checkedRoles(roles, memory.i32, block.roleWord, host);
    hypervisor.load();
    cpu.start();
    this.program = checkedProgram(spec.start(thread as unknown as VcpuThread), spec.name);
    cpu.finish();
  }

  /** How the program says that an invariant is broken. */
  #reporter(scenario: Scenario): HostThread['violated'] {
    return (invariant, message, evidence = []): never => {
      checkViolation(scenario, invariant, message, evidence);
      this.violation ??= new ViolationFound(invariant as InvariantId, message, evidence);
      throw this.violation;
    };
  }
}

function outcomeCounter(
  task: ThreadTask,
  scenario: Scenario,
  { outcomes }: ThreadBlock,
): (outcome: number) => void {
  const count = (outcome: number): void => {
    outcomes[outcome]!++;
  };
  return isScenarioModule(task.scenario) ? checkedOutcome(scenario, count) : count;
}

function timeSource(task: ThreadTask, memory: SharedMemory): TimeSource {
  const tick = task.map.vm + VM.tick;
  if (task.machine.timeSource === 'shared-tick') return new SharedTick(memory, tick);
  if (task.machine.timeSource === 'still-tick') return new StillTick(memory, tick);
  return new MonotonicTick(task.machine.hostTscKhz);
}
