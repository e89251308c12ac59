import { SCRATCH } from './guest-map.ts';
import { KICK_BYTES, kicksBegun, watchKicks } from './kicks.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** The vCPU that halts; the last one kicks it. */
const SLEEPER = 0;

/** Guest: what the sleeper waits to see changed, and how many sleeps it has had. */
const STATE = SCRATCH;
const AWAKE = 0;
const WAITING = 1;

const OUTCOMES = [
  {
    outcome: 'no halt',
    expect: 'ACCEPTABLE',
    description:
      'The state had changed before the sleeper looked, or the wait ended for no reason.',
  },
  {
    outcome: 'woken',
    expect: 'ACCEPTABLE',
    description: 'The wait ended after the state had changed.',
  },
  {
    outcome: 'kicked',
    expect: 'ACCEPTABLE',
    description: 'The other vCPU changed the state and kicked.',
  },
] as const;
const NO_HALT = 0;
const WOKEN = 1;
const KICKED = 2;

/** One vCPU halts until a byte changes; another changes it and kicks, before, while and after the HLT. */
export const kickBeforeHalt: Scenario = {
  name: 'kick-before-halt',
  summary:
    'vCPU 0 halts until a byte changes, with interrupts on and off; another changes it and kicks.',
  mechanism: 'spinlock',
  roles: ['wait', 'kick'],
  invariants: ['K1', 'K2'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 2 },
  machine: { exitsAnywhere: true, updateInterval: 1_000 },
  ledgerBytes: KICK_BYTES,
  controlled: { clockSteps: 0, machine: { haltPolls: 0, vectors: [0x31] } },
  instrument: (ops, thread) => watchKicks(ops, thread, 0),
  threads: () => [
    { name: 'sleeper', vcpu: SLEEPER, start: sleep },
    { name: 'kicker', vcpu: 1, start: kick },
    { name: 'device', start: interrupt },
  ],
};

function sleep(thread: VcpuThread): Program {
  const { cpu, roles, machine, random, idle, outcome } = thread;
  for (const vector of machine.vectors) cpu.onInterrupt(vector, () => cpu.apicEoi());
  return {
    step() {
      if (random.below(2) === 0) cpu.sti();
      cpu.store8(STATE, WAITING);
      let waits = 0;
      while (cpu.load8(STATE) === WAITING) {
        // An exit in the middle of the wait gives the kick time to come before the HLT. Not where an engine
        // chooses whose step comes next.
        if (random.pace(4) === 0) cpu.exitWithin(4);
        roles.wait(cpu, { byte: STATE, value: WAITING });
        waits++;
      }
      outcome(waits === 0 ? NO_HALT : WOKEN);
      cpu.cli();
      idle();
    },
  };
}

function kick(thread: VcpuThread): Program {
  const { cpu, roles, ledger, random, idle, outcome, violated } = thread;
  return {
    step() {
      while (cpu.load8(STATE) !== WAITING) cpu.relax();
      if (random.sometimes(2)) idle();
      cpu.store8(STATE, AWAKE);
      const before = kicksBegun(ledger, 0, SLEEPER);
      roles.kick(cpu, { vcpu: SLEEPER });
      if (kicksBegun(ledger, 0, SLEEPER) === before) {
        violated(
          'K1',
          'The guest changed the state and returned from its kick without having kicked.',
        );
      }
      outcome(KICKED);
    },
  };
}

function interrupt({ kvm, machine, random, idle }: HostThread): Program {
  return {
    step() {
      const vector = machine.vectors[random.below(machine.vectors.length)]!;
      kvm.ops.acceptInterrupt(kvm, kvm.vcpu(SLEEPER), vector);
      for (let rest = random.pace(8); rest >= 0; rest--) idle();
    },
  };
}
