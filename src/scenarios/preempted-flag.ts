import { KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_PREEMPTED } from '../abi/kvm-steal-time.ts';
import { MSR_KVM_WALL_CLOCK_NEW } from '../abi/msr.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { SCRATCH, stealArea } from './guest-map.ts';
import type { Ledger } from './ledger.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';
import { registerSteal } from './steal-support.ts';

/** The vCPU that is preempted and looked at. */
const VICTIM = 0;

/** Ledger: two counters, whose low bits say what is the case from one change to the next. */
const EXECUTION = 0;
const FLAG = 64;
const LEDGER_BYTES = 128;

/** EXECUTION is odd while the vCPU executes guest code or is in the middle of an instruction. */
const EXECUTING = 1;

/** FLAG: the byte is 0; is being changed; is PREEMPTED. */
const FLAG_MASK = 3;
const FLAG_CLEAR = 0;
const FLAG_CHANGING = 1;
const FLAG_SET = 2;
const FLAG_NEXT = 4;

/** How long the vCPU is off its physical CPU, in ns and, in the middle of an instruction, in spins. */
const NANOSECONDS_OFF = 10_000;
const SPINS_OFF = 32;

/** Guest instructions between two that the host emulates. */
const STEPS_PER_INSTRUCTION = 16;

const OUTCOMES = [
  {
    outcome: 'running',
    expect: 'ACCEPTABLE',
    description: 'The flag was clear during the whole look.',
  },
  {
    outcome: 'preempted',
    expect: 'INTERESTING',
    description: 'The flag was set during the whole look, and the vCPU was not executing.',
  },
  {
    outcome: 'unjudged',
    expect: 'ACCEPTABLE',
    description: 'The host changed the flag during the look.',
  },
] as const;
const RUNNING = 0;
const PREEMPTED = 1;
const UNJUDGED = 2;

/** Another thread of the host takes vCPU 0's physical CPU; the other vCPUs look at its preempted byte. */
export const preemptedFlag: Scenario = {
  name: 'preempted-flag',
  summary:
    'The host preempts vCPU 0, in guest code and in the middle of instructions; others look whether it is preempted.',
  mechanism: 'steal-time',
  roles: ['vcpuIsPreempted'],
  invariants: ['S3', 'F1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 63 },
  machine: {},
  ledgerBytes: LEDGER_BYTES,
  // The second look finds what the first has left behind. Instructions of the vCPU are for what the host does.
  controlled: { clockSteps: 0, steps: { vcpu0: 0, vcpu1: 2 } },
  instrument: (ops, thread) => noteExecution(noteFlag(ops, thread.ledger), thread),
  threads: ({ vcpus }) => [
    { name: 'vcpu0', vcpu: VICTIM, start: execute },
    ...Array.from({ length: vcpus - 1 }, (_, index) => ({
      name: `vcpu${index + 1}`,
      vcpu: index + 1,
      start: look,
    })),
    { name: 'scheduler', start: preempt },
  ],
};

const isVictim = (kvm: Kvm, vcpu: VcpuRecord): boolean => vcpu === kvm.vcpu(VICTIM);

/**
 * Notes when the vCPU executes guest code or an instruction of it, and when it does neither: from an
 * exit for an interrupt of the host, which comes between two instructions, to the entry after it. And
 * has it lose its physical CPU in the middle of every WRMSR.
 */
function noteExecution(ops: HostOps, thread: HostThread): HostOps {
  const { ledger } = thread;
  const note = (executing: number): void => {
    const count = ledger.load32(EXECUTION);
    if ((count & EXECUTING) !== executing) ledger.store32(EXECUTION, (count + 1) >>> 0);
  };
  return {
    ...ops,
    handleExternalInterrupt(kvm, vcpu) {
      if (isVictim(kvm, vcpu)) note(0);
      ops.handleExternalInterrupt(kvm, vcpu);
    },
    enterGuestMode(kvm, vcpu) {
      const entered = ops.enterGuestMode(kvm, vcpu);
      // Before the first guest instruction: the entry has cleared the flag.
      if (entered && isVictim(kvm, vcpu)) note(EXECUTING);
      return entered;
    },
    setMsr(kvm, vcpu, access, value) {
      if (isVictim(kvm, vcpu)) {
        // Preempted, or back in user space for a while: the VMM is asked how the instruction ends.
        const preempted = thread.random.below(2) === 0;
        if (preempted) kvm.ops.scheduleOut(kvm, vcpu);
        else kvm.ops.putVcpu(kvm, vcpu);
        for (let spin = 0; spin < SPINS_OFF; spin++) kvm.cpu.relax();
        if (preempted) kvm.ops.scheduleIn(kvm, vcpu, NANOSECONDS_OFF);
        else kvm.ops.loadVcpu(kvm, vcpu);
      }
      return ops.setMsr(kvm, vcpu, access, value);
    },
  };
}

/** Notes what the byte certainly is. Only the vCPU's own thread changes it, here. */
function noteFlag(ops: HostOps, ledger: Ledger): HostOps {
  const change = (kvm: Kvm, vcpu: VcpuRecord, act: () => void): void => {
    const area = ops.stealArea(kvm, vcpu);
    if (area === UNBACKED) {
      act();
      return;
    }
    const next = (ledger.load32(FLAG) & ~FLAG_MASK) + FLAG_NEXT;
    ledger.store32(FLAG, (next | FLAG_CHANGING) >>> 0);
    act();
    const set = (kvm.memory.load8(area + KVM_STEAL_TIME_PREEMPTED) & KVM_VCPU_PREEMPTED) !== 0;
    ledger.store32(FLAG, (next | (set ? FLAG_SET : FLAG_CLEAR)) >>> 0);
  };
  return {
    ...ops,
    setPreempted: (kvm, vcpu) => change(kvm, vcpu, () => ops.setPreempted(kvm, vcpu)),
    putVcpu: (kvm, vcpu) => change(kvm, vcpu, () => ops.putVcpu(kvm, vcpu)),
    clearPreempted: (kvm, vcpu, area) =>
      change(kvm, vcpu, () => ops.clearPreempted(kvm, vcpu, area)),
  };
}

function execute(thread: VcpuThread): Program {
  const { cpu } = thread;
  registerSteal(thread);
  return {
    step() {
      for (let step = 0; step < STEPS_PER_INSTRUCTION; step++) cpu.store32(SCRATCH, step);
      // An instruction that the host emulates, and that changes nothing.
      cpu.wrmsr(MSR_KVM_WALL_CLOCK_NEW, 0n);
    },
  };
}

function preempt({ kvm, idle }: HostThread): Program {
  return {
    step() {
      kvm.ops.preemptVcpu(kvm, kvm.vcpu(VICTIM), NANOSECONDS_OFF);
      idle();
    },
  };
}

function look({ cpu, roles, ledger, outcome, violated }: VcpuThread): Program {
  const at = { area: stealArea(VICTIM) };
  return {
    step() {
      // An instruction before the call, which may so begin at any moment.
      cpu.load8(at.area + KVM_STEAL_TIME_PREEMPTED);
      const execution = ledger.load32(EXECUTION);
      const flag = ledger.load32(FLAG);
      const preempted = roles.vcpuIsPreempted(cpu, at);
      // Unchanged counters: what they say was the case from before the call until after it.
      if (ledger.load32(FLAG) !== flag || (flag & FLAG_MASK) === FLAG_CHANGING) {
        outcome(UNJUDGED);
        return;
      }
      const set = (flag & FLAG_MASK) === FLAG_SET;
      if (preempted !== set) {
        violated(
          'F1',
          `The guest says that vCPU ${VICTIM} was ${preempted ? '' : 'not '}preempted, and the flag was ${set ? 'set' : 'clear'} during the whole call.`,
        );
      }
      if (set && (execution & EXECUTING) !== 0 && ledger.load32(EXECUTION) === execution) {
        violated(
          'S3',
          `vCPU ${VICTIM} was executing during the whole call, and PREEMPTED was set.`,
        );
      }
      outcome(set ? PREEMPTED : RUNNING);
    },
  };
}
