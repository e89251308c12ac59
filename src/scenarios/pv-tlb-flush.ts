import { KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_PREEMPTED } from '../abi/kvm-steal-time.ts';
import { MSR_KVM_WALL_CLOCK_NEW } from '../abi/msr.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { noteFlags, OBLIGATION_BYTES, obligation } from './flush-flags.ts';
import { SCRATCH, stealArea } from './guest-map.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';
import { registerSteal } from './steal-support.ts';
import { NO_FRAME, TLB_BYTES, Tlb } from './tlb.ts';

/** The vCPU that changes the page table. */
const FLUSHER = 0;
const MOST_VCPUS = 32;

/** Guest: the page table, which has one entry, and a word per vCPU for the answer to an IPI. */
const PAGE_TABLE_ENTRY = SCRATCH;
const acknowledged = (vcpu: number): number => SCRATCH + 64 + vcpu * 64;
/** `CALL_FUNCTION_VECTOR` of Linux. */
const FLUSH_VECTOR = 0xfc;

/** Ledger: the first frame that may still be in use, T1's obligations, each vCPU's TLB. */
const IN_USE = 0;
const OBLIGATIONS = 64;
const TLBS = OBLIGATIONS + OBLIGATION_BYTES;

/** How long a vCPU is off its physical CPU, ns for the accounts; in the middle of it, in spins. */
const NANOSECONDS_OFF = 10_000;
const SPINS_OFF = 24;
/** The same between two puts of one preemption. */
const SPINS_BETWEEN_PUTS = 4;
/** One access in so many comes after a preemption; one is emulated by the host. */
const ACCESSES_PER_PREEMPTION = 4;
const ACCESSES_PER_EMULATION = 32;
/** Instructions from the start of a flush to an exit in its middle, at most. */
const STEPS_TO_EXIT = 8;

const OUTCOMES = [
  {
    outcome: 'hit',
    expect: 'ACCEPTABLE',
    description: 'The access used a cached translation that was in force.',
  },
  { outcome: 'walked', expect: 'ACCEPTABLE', description: 'The access walked the page table.' },
  {
    outcome: 'interrupted',
    expect: 'ACCEPTABLE',
    description: 'The target was running and got an IPI.',
  },
  {
    outcome: 'left to the host',
    expect: 'INTERESTING',
    description: 'The target was preempted: the host was to flush.',
  },
] as const;
const HIT = 0;
const WALKED = 1;
const INTERRUPTED = 2;
const LEFT_TO_HOST = 3;

/** One vCPU unmaps a page again and again; the others use it, and lose their physical CPUs. */
export const pvTlbFlush: Scenario = {
  name: 'pv-tlb-flush',
  summary:
    'vCPU 0 changes a page table and flushes; the others keep using it, preempted between and within instructions.',
  mechanism: 'tlb-flush',
  roles: ['flushTlb'],
  invariants: ['T2', 'T1', 'S3'],
  outcomes: OUTCOMES,
  // Two that use it: whoever takes one for the other is wrong.
  vcpus: { default: 3, least: 2, most: MOST_VCPUS },
  machine: { exitsAnywhere: true },
  ledgerBytes: TLBS + MOST_VCPUS * TLB_BYTES,
  controlled: { vcpus: 2, clockSteps: 0, machine: { exitsAnywhere: false } },
  instrument: (ops, thread) => emulateAccesses(putTwice(ops), thread),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: vcpu === FLUSHER ? unmap : use,
    })),
};

/** A preempted thread is put a second time before it runs again, as when its VMM is in an ioctl. */
function putTwice(ops: HostOps): HostOps {
  return {
    ...ops,
    scheduleOut(kvm, vcpu) {
      ops.scheduleOut(kvm, vcpu);
      for (let spin = 0; spin < SPINS_BETWEEN_PUTS; spin++) kvm.cpu.relax();
      ops.scheduleOut(kvm, vcpu);
    },
  };
}

/**
 * Makes a WRMSR the emulated access: the host translates, loses its physical CPU in the middle of the
 * instruction, and goes on with the translation that it has.
 */
function emulateAccesses(ops: HostOps, thread: HostThread): HostOps {
  return {
    ...ops,
    setMsr(kvm, vcpu, access, value) {
      if (access.index !== MSR_KVM_WALL_CLOCK_NEW) return ops.setMsr(kvm, vcpu, access, value);
      const id = kvm.memory.load32(vcpu + VCPU.id);
      const tlb = new Tlb(thread.ledger, TLBS + id * TLB_BYTES, kvm, vcpu);
      const frame = tlb.lookup();
      kvm.ops.scheduleOut(kvm, vcpu);
      for (let spin = 0; spin < SPINS_OFF; spin++) kvm.cpu.relax();
      const required = requirements(thread, id);
      if (frame !== NO_FRAME) judge(thread, id, frame, tlb.flushes, required);
      kvm.ops.scheduleIn(kvm, vcpu, NANOSECONDS_OFF);
      return ops.setMsr(kvm, vcpu, access, value);
    },
  };
}

/** What an access that starts now must respect. */
interface Requirements {
  /** Frames below this one have been given up. */
  readonly inUse: number;
  /** How many flushes of the host there must have been. */
  readonly flushes: number;
}

function requirements({ ledger }: HostThread, id: number): Requirements {
  // In this order: whoever sees a frame given up also sees the flag that made the IPI unnecessary.
  const inUse = ledger.load32(IN_USE);
  return { inUse, flushes: obligation(ledger, OBLIGATIONS, id) };
}

/** T1 and T2 for one access of vCPU `id` to `frame`. */
function judge(
  thread: HostThread,
  id: number,
  frame: number,
  flushes: number,
  required: Requirements,
): void {
  if (flushes < required.flushes) {
    thread.violated(
      'T1',
      `vCPU ${id} used memory after FLUSH_TLB had been set for it, without a flush in between.`,
      [`flushes of vCPU ${id}: ${flushes}, with the one that was asked for ${required.flushes}`],
    );
  }
  if (frame < required.inUse) {
    thread.violated(
      'T2',
      `vCPU ${id} used frame ${frame}, which had been given up before the access.`,
      [`the flush that made frame ${required.inUse} the oldest in use had returned`],
    );
  }
}

function unmap(thread: VcpuThread): Program {
  const { cpu, vcpu, kvm, roles, ledger, machine, random, idle, outcome } = thread;
  noteFlags(thread, OBLIGATIONS, machine.vcpus);
  cpu.store32(PAGE_TABLE_ENTRY, 1);
  const others = (2 ** machine.vcpus - 1 - (1 << FLUSHER)) >>> 0;
  const at = {
    areas: Array.from({ length: machine.vcpus }, (_, id) => stealArea(id)),
    targets: others,
  };
  const interrupt = (id: number): void => {
    cpu.store32(acknowledged(id), 0);
    // A virtualised IPI: it leaves without an exit of the sender.
    kvm.ops.acceptInterrupt(kvm, kvm.vcpu(id), FLUSH_VECTOR);
  };
  return {
    step() {
      const frame = cpu.load32(PAGE_TABLE_ENTRY) + 1;
      cpu.store32(PAGE_TABLE_ENTRY, frame);
      if (machine.exitsAnywhere && random.sometimes(4)) {
        kvm.memory.store32(vcpu + VCPU.needReschedule, NANOSECONDS_OFF);
        cpu.exitWithin(STEPS_TO_EXIT);
      }
      const toInterrupt = roles.flushTlb(cpu, at) & others;
      for (let id = 0; id < machine.vcpus; id++) {
        if ((others & (1 << id)) === 0) continue;
        const left = (toInterrupt & (1 << id)) === 0;
        outcome(left ? LEFT_TO_HOST : INTERRUPTED);
        if (!left) interrupt(id);
      }
      for (let id = 0; id < machine.vcpus; id++) {
        if ((toInterrupt & (1 << id)) === 0) continue;
        while (cpu.load32(acknowledged(id)) === 0) cpu.relax();
      }
      ledger.store32(IN_USE, frame);
      if (random.sometimes(2)) idle();
    },
  };
}

function use(thread: VcpuThread): Program {
  const { cpu, kvm, vcpu, ledger, random, outcome, violated } = thread;
  const tlb = new Tlb(ledger, TLBS + cpu.id * TLB_BYTES, kvm, vcpu);
  const preempted = stealArea(cpu.id) + KVM_STEAL_TIME_PREEMPTED;
  registerSteal(thread);
  // In use before: what a flush is for.
  tlb.fill(cpu.load32(PAGE_TABLE_ENTRY));
  cpu.onInterrupt(FLUSH_VECTOR, () => {
    tlb.drop();
    cpu.store32(acknowledged(cpu.id), 1);
    cpu.apicEoi();
  });
  cpu.sti();
  return {
    step() {
      if (random.below(ACCESSES_PER_PREEMPTION) === 0) {
        kvm.ops.preemptVcpu(kvm, vcpu, NANOSECONDS_OFF);
        cpu.exit();
      }
      const required = requirements(thread, cpu.id);
      // One instruction: what the walk would find is used only where nothing is cached.
      const walked = cpu.load32(PAGE_TABLE_ENTRY);
      const cached = tlb.lookup();
      if (cached === NO_FRAME) tlb.fill(walked);
      judge(thread, cpu.id, cached === NO_FRAME ? walked : cached, tlb.flushes, required);
      outcome(cached === NO_FRAME ? WALKED : HIT);
      const marked = (cpu.load8(preempted) & KVM_VCPU_PREEMPTED) !== 0;
      // Of an area that is switched off the host says nothing.
      if (marked && kvm.ops.stealArea(kvm, vcpu) !== UNBACKED) {
        violated('S3', `vCPU ${cpu.id} executes guest code, and its own PREEMPTED is set.`);
      }
      if (random.below(ACCESSES_PER_EMULATION) === 0) cpu.wrmsr(MSR_KVM_WALL_CLOCK_NEW, 0n);
    },
  };
}
