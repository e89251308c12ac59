import { MSR_KVM_PV_EOI_EN, MSR_KVM_STEAL_TIME, MSR_KVM_SYSTEM_TIME_NEW } from '../abi/msr.ts';
import { type MachineSpec, mapMachine, memslotsOf } from '../host/machine.ts';
import { VCPU } from '../host/records.ts';
import { type Memslot, Memslots } from '../memory/memslots.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** Guest: the page with everything that the host writes, and one that nobody uses. */
const AREAS = 0x20_0000;
const SPARE = 0x30_0000;
const PAGE_BYTES = 4096;
const LINE = 64;
const MOST_VCPUS = 16;

/** What host memory is filled with that the VMM has taken away from the guest. */
const PATTERN = 0xa5c3e1d7;

const NANOSECONDS_OFF = 10_000;

const OUTCOMES = [
  {
    outcome: 'moved',
    expect: 'ACCEPTABLE',
    description: 'The memory that had been taken away was as the VMM had left it.',
  },
  {
    outcome: 'ran',
    expect: 'ACCEPTABLE',
    description: 'A vCPU ran on and was updated in its new memory.',
  },
] as const;
const MOVED = 0;
const RAN = 1;

/** The VMM puts other memory behind the page with the areas while their vCPUs are preempted and updated. */
export const memslotMove: Scenario = {
  name: 'memslot-move',
  summary:
    'The VMM moves the memory of the areas to another place again and again; the host must not write the old one.',
  mechanism: 'lifetime',
  roles: [],
  invariants: ['M1'],
  outcomes: OUTCOMES,
  vcpus: { default: 1, least: 1, most: MOST_VCPUS },
  machine: {
    exitsAnywhere: true,
    furtherRam: [
      { gpa: AREAS, bytes: PAGE_BYTES },
      { gpa: SPARE, bytes: PAGE_BYTES },
    ],
  },
  ledgerBytes: 64,
  controlled: { clockSteps: 0 },
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({ name: `vcpu${vcpu}`, vcpu, start: run })),
    { name: 'vmm', start: move },
  ],
};

function run({ cpu, kvm, vcpu, random, outcome }: VcpuThread): Program {
  const base = AREAS + cpu.id * 3 * LINE;
  cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(base) | 1n);
  cpu.wrmsr(MSR_KVM_STEAL_TIME, BigInt(base + LINE) | 1n);
  cpu.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(base + 2 * LINE) | 1n);
  return {
    step() {
      if (random.below(2) === 0) kvm.memory.store32(vcpu + VCPU.needReschedule, NANOSECONDS_OFF);
      cpu.exit();
      cpu.load32(base);
      outcome(RAN);
    },
  };
}

function move({ kvm, machine, idle, outcome, violated }: HostThread): Program {
  const slots = new Memslots(kvm.memory, mapMachine(machine).memslotTable);
  const addressOf = (all: readonly Memslot[], gpa: number): number =>
    all.find((slot) => slot.gpa === gpa)!.address;
  const fill = (address: number): void => {
    for (let at = 0; at < PAGE_BYTES; at += 4) kvm.memory.store32(address + at, PATTERN);
  };
  fill(addressOf(slots.slots(), SPARE));
  /** M1: what the guest no longer has is as {@link fill} has left it. */
  const checkSpare = (): void => {
    const spare = addressOf(slots.slots(), SPARE);
    for (let at = 0; at < PAGE_BYTES; at += 4) {
      const seen = kvm.memory.load32(spare + at);
      if (seen === PATTERN) continue;
      violated(
        'M1',
        `The host wrote byte ${at} of memory that the VMM had taken away from the guest.`,
        [`it went from 0x${PATTERN.toString(16)} to 0x${seen.toString(16)}`],
      );
    }
  };
  return {
    step() {
      const { memory, ops } = kvm;
      checkSpare();
      const now = slots.slots();
      const from = addressOf(now, AREAS);
      const to = addressOf(now, SPARE);
      ops.stopVcpus(kvm);
      for (let at = 0; at < PAGE_BYTES; at += 4) memory.store32(to + at, memory.load32(from + at));
      fill(from);
      slots.replace(swapped(machine, from, to));
      ops.resumeVcpus(kvm);
      outcome(MOVED);
      idle();
    },
    // The last move too.
    finish: checkSpare,
  };
}

/** The machine's slots with the page of the areas at `to`, the spare one at `from`. */
function swapped(machine: MachineSpec, from: number, to: number): Memslot[] {
  return memslotsOf(machine).map((slot) => {
    if (slot.gpa === AREAS) return { ...slot, address: to };
    return slot.gpa === SPARE ? { ...slot, address: from } : slot;
  });
}
