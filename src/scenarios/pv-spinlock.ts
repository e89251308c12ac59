import { PV_NODE_BYTES } from '../guest/pv-spinlock.ts';
import { VCPU } from '../host/records.ts';
import { SCRATCH } from './guest-map.ts';
import { KICK_BYTES, watchKicks } from './kicks.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

const MOST_VCPUS = 32;

/** Guest: the lock, what it protects, the queue's nodes and the table. */
const LOCK = SCRATCH;
const PROTECTED = SCRATCH + 64;
const STATES = SCRATCH + 128;
const NODES = SCRATCH + 192;
const HASH = NODES + MOST_VCPUS * PV_NODE_BYTES;
/** More than vCPUs, as in Linux. */
const HASH_ENTRIES = 4 * MOST_VCPUS;
const ADDRESSES = {
  lock: LOCK,
  nodes: NODES,
  states: STATES,
  hash: HASH,
  hashEntries: HASH_ENTRIES,
};

/** Ledger: how many hold the lock, and how often it was held. */
const HOLDERS = 0;
const SECTIONS = 4;
const KICKS = 64;

/** Looks before a halt, at most: few, so that vCPUs do halt. */
const MOST_SPINS = 64;
/** Steps from the call to an exit in its middle, at most. */
const STEPS_TO_EXIT = 6;
const NANOSECONDS_OFF = 10_000;

const OUTCOMES = [
  {
    outcome: 'held',
    expect: 'ACCEPTABLE',
    description: 'The vCPU took the lock, was alone, and released it.',
  },
] as const;
const HELD = 0;

/** vCPUs take one lock in turn; those that wait too long halt and are kicked. */
export const pvSpinlock: Scenario = {
  name: 'pv-spinlock',
  summary:
    'vCPUs take and release one queued spinlock; those that wait halt, and are kicked when it is their turn.',
  mechanism: 'spinlock',
  roles: ['spinLock', 'spinUnlock', 'wait', 'kick'],
  invariants: ['X1', 'K1', 'K2'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: MOST_VCPUS },
  machine: { exitsAnywhere: true, updateInterval: 400 },
  ledgerBytes: KICKS + KICK_BYTES,
  controlled: { clockSteps: 0, machine: { haltPolls: 0 } },
  instrument: (ops, thread) => watchKicks(ops, thread, KICKS),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({ name: `vcpu${vcpu}`, vcpu, start: takeLock })),
};

function takeLock(thread: VcpuThread): Program {
  const { cpu, vcpu, kvm, roles, ledger, random, idle, outcome, violated } = thread;
  return {
    step() {
      const spins = random.pace(MOST_SPINS);
      const at = { ...ADDRESSES, spins, pv: roles };
      // Not where an engine chooses whose step comes next.
      if (random.pace(64) === 0) {
        kvm.memory.store32(vcpu + VCPU.needReschedule, NANOSECONDS_OFF);
        cpu.exitWithin(STEPS_TO_EXIT);
      }
      roles.spinLock(cpu, at);
      if (ledger.add32(HOLDERS, 1) !== 0) {
        violated('X1', `vCPU ${cpu.id} has taken the lock, and another vCPU has not released it.`);
      }
      // What the lock protects: the one before has written it, and this one sees that.
      const sections = ledger.load32(SECTIONS);
      const seen = cpu.load32(PROTECTED);
      if (seen !== sections) {
        violated(
          'X1',
          `vCPU ${cpu.id} has taken the lock and sees what was written ${sections - seen} sections ago.`,
        );
      }
      if (random.sometimes(4)) idle();
      cpu.store32(PROTECTED, sections + 1);
      ledger.store32(SECTIONS, sections + 1);
      ledger.add32(HOLDERS, -1);
      roles.spinUnlock(cpu, at);
      outcome(HELD);
      if (random.sometimes(4)) idle();
    },
  };
}
