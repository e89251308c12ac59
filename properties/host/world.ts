import { Noise } from '../../src/cpu/noise.ts';
import { ThreadHostCpu } from '../../src/cpu/thread-host-cpu.ts';
import { PlainThreadVcpu } from '../../src/cpu/thread-vcpu.ts';
import { StillTick } from '../../src/cpu/time-source.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { Kvm } from '../../src/host/kvm.ts';
import { KvmVcpu } from '../../src/host/kvm-vcpu.ts';
import { createVm, DEFAULT_MACHINE, type MachineSpec, mapMachine } from '../../src/host/machine.ts';
import { VCPU, VM } from '../../src/host/records.ts';
import { Memslots } from '../../src/memory/memslots.ts';
import {
  createSharedMemory,
  openSharedMemory,
  type SharedMemory,
} from '../../src/memory/shared-memory.ts';
import { Random } from '../../src/scenarios/random.ts';

/** A whole machine on one thread: for properties of what host and guest do one after the other. */
export interface World {
  readonly memory: SharedMemory;
  readonly kvm: Kvm;
  readonly slots: Memslots;
  readonly cpus: readonly PlainThreadVcpu[];
  readonly vcpus: readonly KvmVcpu[];
  /** Moves the host's TSC on. */
  pass(ticks: bigint): void;
  tick(): bigint;
}

/** Builds a machine; its TSC stands still except where {@link World.pass} moves it. */
export function makeWorld(differs: Partial<MachineSpec> = {}, host: Partial<HostOps> = {}): World {
  const spec = { ...DEFAULT_MACHINE, timeSource: 'still-tick' as const, ...differs };
  const map = mapMachine(spec);
  const shared = createSharedMemory(map.end + 64);
  const memory = openSharedMemory(shared, 'plain');
  createVm(spec, map, memory);
  const slots = new Memslots(memory, map.memslotTable);
  const random = new Random(1);
  const noise = new Noise({ below: () => 1 }, memory, map.end);
  const tick = map.vm + VM.tick;
  const cpu = new ThreadHostCpu(
    memory,
    memory,
    slots,
    new StillTick(memory, tick),
    map.end,
    random,
    tick,
  );
  const kvm = new Kvm(cpu, { ...referenceHost, ...host }, map.vm);
  const vcpus = Array.from({ length: spec.vcpus }, (_, id) => new KvmVcpu(kvm, kvm.vcpu(id)));
  const cpus = vcpus.map((hypervisor, id) => {
    const kick = kvm.vcpu(id) + VCPU.kick;
    hypervisor.load();
    return new PlainThreadVcpu(id, memory, cpu, slots, hypervisor, kick, random, noise);
  });
  return {
    memory,
    kvm,
    slots,
    cpus,
    vcpus,
    pass: (ticks) => memory.store64(tick, BigInt.asUintN(64, memory.load64(tick) + ticks)),
    tick: () => memory.load64(tick),
  };
}
