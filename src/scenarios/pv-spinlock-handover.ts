import { _Q_LOCKED_VAL, PV_NODE_BYTES } from '../guest/pv-spinlock.ts';
import type { SpinlockAddresses } from '../guest/roles.ts';
import { SCRATCH } from './guest-map.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

/** Independent locks, each handed over once in a round. */
const INSTANCES = 256;

/** Guest, per instance: the lock, its queue's states and nodes, and its table. */
const HASH_ENTRIES = 4;
const STATES = 64;
const NODES = 128;
const HASH = NODES + 2 * PV_NODE_BYTES;
const INSTANCE_BYTES = HASH + 64;
const TAIL_SHIFT = 16;

/** Ledger, per instance and vCPU: what it does, kicks of it so far, kicks that have ended a halt. */
const STATUS = 0;
const KICKS = 4;
const ANSWERED = 8;
const LINE = 64;
const BUSY = 0;
const ASLEEP = 1;
const FINISHED = 2;
const ledgerOf = (instance: number, vcpu: number): number => (instance * 2 + vcpu) * LINE;

/** Looks before a halt, at most. */
const MOST_SPINS = 48;

const OUTCOMES = [
  {
    outcome: 'spinning',
    expect: 'ACCEPTABLE',
    description: 'The lock went from one to the other without a halt.',
  },
  { outcome: 'halted', expect: 'INTERESTING', description: 'A vCPU halted and was kicked.' },
] as const;

/**
 * The two moments of the lock in which a wake-up can be lost, as often as possible: HLT and kick are
 * words here. vCPU 1 holds the lock, releases it to vCPU 0, which has queued, and queues behind it.
 */
export const pvSpinlockHandover: Scenario = {
  name: 'pv-spinlock-handover',
  summary:
    'A lock goes from one vCPU to another and back, millions of times; a halted one must be kicked.',
  mechanism: 'spinlock',
  roles: ['spinLock', 'spinUnlock'],
  invariants: ['K1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 2 },
  machine: {},
  ledgerBytes: 2 * INSTANCES * LINE,
  rounds: { instances: INSTANCES },
  threads: () => [
    { name: 'vcpu0', vcpu: 0, start: (thread) => handOver(thread, queueFirst) },
    { name: 'vcpu1', vcpu: 1, start: (thread) => handOver(thread, releaseAndQueue) },
  ],
};

type Story = (thread: VcpuThread, at: SpinlockAddresses) => void;

function queueFirst({ cpu, roles }: VcpuThread, at: SpinlockAddresses): void {
  roles.spinLock(cpu, at);
  roles.spinUnlock(cpu, at);
}

function releaseAndQueue(thread: VcpuThread, at: SpinlockAddresses): void {
  const { cpu, roles } = thread;
  while (cpu.load32(at.lock) >>> TAIL_SHIFT === 0) cpu.relax();
  roles.spinUnlock(cpu, at);
  queueFirst(thread, at);
}

function handOver(thread: VcpuThread, story: Story): Program {
  const { cpu, ledger, random, outcome } = thread;
  const reset = (instance: number): void => {
    const base = SCRATCH + instance * INSTANCE_BYTES;
    for (let at = 0; at < INSTANCE_BYTES; at += 4) cpu.store32(base + at, 0);
    cpu.store32(base, _Q_LOCKED_VAL);
    for (const vcpu of [0, 1]) {
      for (const word of [STATUS, KICKS, ANSWERED])
        ledger.store32(ledgerOf(instance, vcpu) + word, 0);
    }
  };
  if (cpu.id === 0) for (let instance = 0; instance < INSTANCES; instance++) reset(instance);
  const step = (instance: number): void => {
    const lock = SCRATCH + instance * INSTANCE_BYTES;
    story(thread, {
      lock,
      states: lock + STATES,
      nodes: lock + NODES,
      hash: lock + HASH,
      hashEntries: HASH_ENTRIES,
      spins: random.pace(MOST_SPINS),
      pv: haltsOf(thread, instance),
    });
    ledger.store32(ledgerOf(instance, cpu.id) + STATUS, FINISHED);
  };
  if (cpu.id !== 0) return { step };
  return {
    step,
    judge(instance) {
      const kicks =
        ledger.load32(ledgerOf(instance, 0) + KICKS) + ledger.load32(ledgerOf(instance, 1) + KICKS);
      outcome(kicks === 0 ? 0 : 1);
      reset(instance);
    },
  };
}

/** HLT and kick as words of the ledger. K1: nobody sleeps whom nobody is left to kick. */
function haltsOf({ ledger, violated, kvm }: VcpuThread, instance: number): SpinlockAddresses['pv'] {
  const unanswered = (vcpu: number): boolean => {
    const line = ledgerOf(instance, vcpu);
    return ledger.load32(line + KICKS) !== ledger.load32(line + ANSWERED);
  };
  return {
    wait(cpu, { byte, value }) {
      if (cpu.load8(byte) !== value) return;
      const line = ledgerOf(instance, cpu.id);
      const other = 1 - cpu.id;
      ledger.store32(line + STATUS, ASLEEP);
      while (!unanswered(cpu.id)) {
        // In this order: nobody but this one kicks the other, and what the other one did before it went
        // idle is seen by the last look.
        const stays =
          !unanswered(other) && ledger.load32(ledgerOf(instance, other) + STATUS) !== BUSY;
        if (stays && !unanswered(cpu.id)) {
          violated(
            'K1',
            `vCPU ${cpu.id} sleeps, and vCPU ${other} does too or is done: nobody is left to kick.`,
            [
              `lock 0x${cpu.load32(SCRATCH + instance * INSTANCE_BYTES).toString(16)}, vCPU ${cpu.id} waits for a byte to be no longer ${value}`,
            ],
          );
        }
        kvm.cpu.relax();
      }
      ledger.store32(line + STATUS, BUSY);
      ledger.store32(line + ANSWERED, ledger.load32(line + KICKS));
    },
    kick(_cpu, { vcpu }) {
      ledger.add32(ledgerOf(instance, vcpu) + KICKS, 1);
    },
  };
}
