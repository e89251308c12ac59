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
const MOST_SPINS = 96;
/** Of a halted vCPU that nobody kicks: looks around until it returns for no reason, at most. */
const MOST_PATIENCE = 64;
/** How long the holder that has no story takes to release the lock, in looks, at most. */
const MOST_HELD = 8;

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
 * words here. Every other instance, vCPU 1 holds the lock, releases it to vCPU 0, which has queued, and
 * queues behind it: the head of the queue against the holder. In the rest somebody else holds the lock
 * until vCPU 0 halts, with vCPU 1 behind it all the time: the second in the queue against the new holder.
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
  controlled: { clockSteps: 0 },
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

function queueSecond(thread: VcpuThread, at: SpinlockAddresses): void {
  const { cpu } = thread;
  while (cpu.load32(at.lock) >>> TAIL_SHIFT === 0) cpu.relax();
  queueFirst(thread, at);
}

/** The same lock, for the one that halts first: meanwhile the holder, whose story is not told, releases it. */
function releasedOnHalt(thread: VcpuThread, at: SpinlockAddresses): SpinlockAddresses {
  const { cpu, roles, random, kvm } = thread;
  let held = true;
  const wait: SpinlockAddresses['pv']['wait'] = (_cpu, what) => {
    if (held) {
      held = false;
      // Not before the other one has queued behind.
      while (cpu.load32(at.lock) >>> TAIL_SHIFT === cpu.id + 1) kvm.cpu.relax();
      for (let looks = random.pace(MOST_HELD); looks > 0; looks--) kvm.cpu.relax();
      roles.spinUnlock(cpu, at);
    }
    at.pv.wait(cpu, what);
  };
  return { ...at, pv: { ...at.pv, wait } };
}

const tellsSecond = (instance: number): boolean => (instance & 1) !== 0;

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
    const at = {
      lock,
      states: lock + STATES,
      nodes: lock + NODES,
      hash: lock + HASH,
      hashEntries: HASH_ENTRIES,
      spins: random.pace(MOST_SPINS),
      pv: haltsOf(thread, instance),
    };
    if (!tellsSecond(instance)) story(thread, at);
    else if (cpu.id === 0) queueFirst(thread, releasedOnHalt(thread, at));
    else queueSecond(thread, at);
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
function haltsOf(
  { ledger, violated, kvm, random }: VcpuThread,
  instance: number,
): SpinlockAddresses['pv'] {
  const unanswered = (vcpu: number): boolean => {
    const line = ledgerOf(instance, vcpu);
    return ledger.load32(line + KICKS) !== ledger.load32(line + ANSWERED);
  };
  return {
    wait(cpu, { byte, value }) {
      if (cpu.load8(byte) !== value) return;
      // So does HLT: leaving guest mode drains the store buffer.
      cpu.mb();
      const line = ledgerOf(instance, cpu.id);
      const other = 1 - cpu.id;
      ledger.store32(line + STATUS, ASLEEP);
      let patience = random.pace(MOST_PATIENCE);
      while (!unanswered(cpu.id) && patience-- > 0) {
        // In this order: nobody but this one kicks the other, and what the other one did before it went
        // idle is seen by the last look.
        // A kick of one that has finished wakes nobody.
        const kicked = unanswered(other);
        const status = ledger.load32(ledgerOf(instance, other) + STATUS);
        const stays = status === FINISHED || (status === ASLEEP && !kicked);
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
    kick(cpu, { vcpu }) {
      // The hypercall that this stands for leaves guest mode, which drains the store buffer.
      cpu.mb();
      ledger.add32(ledgerOf(instance, vcpu) + KICKS, 1);
    },
  };
}
