import fc from 'fast-check';
import { KVM_CAP_ENFORCE_PV_FEATURE_CPUID } from '../../../src/host/capabilities.ts';
import { cpuidEntries } from '../../../src/host/cpuid.ts';
import { DEFAULT_MACHINE } from '../../../src/host/machine.ts';
import { VCPU } from '../../../src/host/records.ts';
import { enableVcpuCap } from '../../../src/host/vmm-ioctls.ts';
import type { Area } from '../msr-specification.ts';
import { features, RAM_BYTES } from '../msr-values.ts';
import { MachineCommand } from './command.ts';
import { FURTHER_BYTES, FURTHER_GPA, type Machine, type Model, VCPUS } from './machine.ts';

const BASE = 0x4000_0000;

/** A command that is one action on a machine, and one on its specification. */
class Action extends MachineCommand {
  readonly #name: string;
  readonly #possible: (model: Readonly<Model>) => boolean;
  readonly #expect: (model: Model) => unknown;
  readonly #act: (machine: Machine) => unknown;
  readonly #exempt: (model: Readonly<Model>) => readonly Area[];
  constructor(
    name: string,
    act: (machine: Machine) => unknown,
    expect: (model: Model) => unknown = () => undefined,
    possible: (model: Readonly<Model>) => boolean = () => true,
    exempt: (model: Readonly<Model>) => readonly Area[] = () => [],
  ) {
    super();
    this.#name = name;
    this.#act = act;
    this.#expect = expect;
    this.#possible = possible;
    this.#exempt = exempt;
  }
  override check(model: Readonly<Model>): boolean {
    return this.#possible(model);
  }
  protected expect(model: Model): unknown {
    return this.#expect(model);
  }
  protected act(machine: Machine): unknown {
    return this.#act(machine);
  }
  protected override exempt(model: Readonly<Model>): readonly Area[] {
    return this.#exempt(model);
  }
  toString(): string {
    return this.#name;
  }
}

/** KVM_RUN up to the guest; requests are served and areas written. */
const enter = (vcpu: number): Action =>
  new Action(
    `enter ${vcpu}`,
    ({ world }) => {
      const hypervisor = world.vcpus[vcpu]!;
      hypervisor.load();
      hypervisor.beginRun();
      hypervisor.enterGuest(world.cpus[vcpu]!);
    },
    (model) => {
      model.hasRun[vcpu] = true;
      model.inGuest[vcpu] = true;
    },
    // One at a time: who stops the world waits for the others, and this is one thread.
    ({ inGuest }) => !inGuest.includes(true),
  );

const exit = (vcpu: number): Action =>
  new Action(
    `exit ${vcpu}`,
    ({ world }) => {
      world.vcpus[vcpu]!.leaveGuest();
      world.vcpus[vcpu]!.endRun();
    },
    ({ inGuest }) => {
      inGuest[vcpu] = false;
    },
    ({ inGuest }) => inGuest[vcpu] === true,
  );

/** KVM_RUN and back. */
const run = (vcpu: number): Action =>
  new Action(
    `run ${vcpu}`,
    ({ world }) => {
      const hypervisor = world.vcpus[vcpu]!;
      hypervisor.load();
      hypervisor.beginRun();
      hypervisor.enterGuest(world.cpus[vcpu]!);
      hypervisor.leaveGuest();
      hypervisor.endRun();
    },
    (model) => {
      model.hasRun[vcpu] = true;
    },
    ({ inGuest }) => !inGuest.includes(true),
  );

const interrupt = (vcpu: number, vector: number): Action =>
  new Action(`interrupt ${vcpu} 0x${vector.toString(16)}`, ({ world }) => {
    world.kvm.ops.acceptInterrupt(world.kvm, world.kvm.vcpu(vcpu), vector);
  });

const preempt = (vcpu: number): Action =>
  new Action(`preempt ${vcpu}`, ({ world }) => {
    const { kvm } = world;
    kvm.memory.store32(kvm.vcpu(vcpu) + VCPU.atInstructionBoundary, 1);
    kvm.ops.scheduleOut(kvm, kvm.vcpu(vcpu));
    kvm.ops.scheduleIn(kvm, kvm.vcpu(vcpu), 1_000);
    kvm.memory.store32(kvm.vcpu(vcpu) + VCPU.atInstructionBoundary, 0);
  });

/** The ioctl stops the world: nobody is in guest mode then, in a machine of one thread. */
const setClock = (clock: bigint): Action =>
  new Action(
    `KVM_SET_CLOCK ${clock}`,
    ({ world }) => {
      world.pass(1_000n);
      return world.kvm.ops.setClock(world.kvm, { clock, realtime: 0n, flags: 0 });
    },
    () => true,
    ({ inGuest }) => !inGuest.includes(true),
  );

const pause = (vcpu: number): Action =>
  new Action(
    `KVM_KVMCLOCK_CTRL ${vcpu}`,
    ({ world }) => world.kvm.ops.setGuestPaused(world.kvm, world.kvm.vcpu(vcpu)),
    ({ msrs }) => msrs.hasClock(vcpu),
  );

const setFeatures = (vcpu: number, offered: number): Action =>
  new Action(
    `KVM_SET_CPUID2 ${vcpu} 0x${offered.toString(16)}`,
    ({ world }) =>
      world.kvm.ops.setCpuid(world.kvm, world.kvm.vcpu(vcpu), cpuidEntries(BASE, offered, 0)) === 0,
    (model) => {
      if (model.hasRun[vcpu] === true && model.msrs.features(vcpu) !== offered) return false;
      model.msrs.setFeatures(vcpu, offered);
      return true;
    },
  );

const enforce = (vcpu: number, enforced: boolean): Action =>
  new Action(
    `enforce ${vcpu} ${enforced}`,
    ({ world }) =>
      enableVcpuCap(world.kvm, world.kvm.vcpu(vcpu), {
        cap: KVM_CAP_ENFORCE_PV_FEATURE_CPUID,
        arg: enforced ? 1n : 0n,
      }),
    ({ msrs }) => {
      msrs.setEnforced(vcpu, enforced);
      return 0;
    },
  );

const furtherRam = (present: boolean): Action =>
  new Action(
    `memslot ${present ? 'added' : 'removed'}`,
    (machine) => machine.setFurtherRam(present),
    (model) => {
      model.furtherRam = present;
    },
    ({ inGuest }) => !inGuest.includes(true),
  );

const reset = (vcpu: number): Action =>
  new Action(
    `INIT ${vcpu}`,
    ({ world }) => world.kvm.ops.resetVcpu(world.kvm, world.kvm.vcpu(vcpu)),
    ({ msrs }) => msrs.reset(vcpu),
    ({ inGuest }) => inGuest[vcpu] === false,
  );

/** To a host with another TSC, and with clocks of its own. */
const migrate = (hostTscKhz: number, firstTick: bigint): Action =>
  new Action(
    `migrate to ${hostTscKhz} kHz`,
    ({ world }) => {
      const destination = {
        ...DEFAULT_MACHINE,
        vcpus: VCPUS,
        ramBytes: RAM_BYTES,
        furtherRam: [{ gpa: FURTHER_GPA, bytes: FURTHER_BYTES }],
        hostTscKhz,
        firstTick,
      };
      world.kvm.ops.moveVm(world.kvm, destination);
    },
    (model) => model.msrs.migrated(),
    ({ inGuest, msrs }) =>
      !inGuest.includes(true) &&
      !Array.from({ length: VCPUS }, (_, id) => msrs.enforced(id)).includes(true),
    ({ msrs }) => [msrs.wallClockArea()],
  );

const vcpu = fc.constantFrom(0, 0, VCPUS - 1);

/** Everything but MSR writes. */
export const machineCommand: fc.Arbitrary<MachineCommand> = fc.oneof(
  { weight: 8, arbitrary: vcpu.map(run) },
  vcpu.map(enter),
  { weight: 2, arbitrary: vcpu.map(exit) },
  fc.tuple(vcpu, fc.constantFrom(0x31, 0x52, 0x83)).map(([id, vector]) => interrupt(id, vector)),
  vcpu.map(preempt),
  fc.bigInt({ min: 0n, max: 2n ** 50n }).map(setClock),
  vcpu.map(pause),
  fc.tuple(vcpu, features).map(([id, offered]) => setFeatures(id, offered)),
  fc.tuple(vcpu, fc.boolean()).map(([id, on]) => enforce(id, on)),
  fc.boolean().map(furtherRam),
  vcpu.map(reset),
  fc
    .tuple(fc.constantFrom(1_000_000, 2_300_000, 4_000_001), fc.bigInt({ min: 0n, max: 2n ** 50n }))
    .map(([kHz, tick]) => migrate(kHz, tick)),
);
