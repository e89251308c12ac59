import type { HostOps } from '../host/host-ops.ts';
import type { SleepKind } from '../host/machine.ts';
import { SCRATCH } from './guest-map.ts';
import { KICK_BYTES, kicksBegun, watchKicks } from './kicks.ts';
import type { Choices, HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** The vCPU that halts, and the one that kicks it: not the one that a zero in the wrong place would kick. */
const SLEEPER = 1;
const KICKER = 0;

/** Guest: what the sleeper waits to see changed, by the kicker and by its own interrupt handler. */
const STATE = SCRATCH;
const HANDLED = SCRATCH + 64;
const AWAKE = 0;
const WAITING = 1;

/** Ledger: whether the sleeper waits for its handler, and by whom it is woken this time. */
const FOR_HANDLER = KICK_BYTES;
const WAKER = KICK_BYTES + 4;
const LEDGER_BYTES = KICK_BYTES + 64;

/** WAKER: the kicker or the sleeper's own handler, and above that for the how manieth sleep. */
const BY_HANDLER = 1;
const NEXT_SLEEP = 2;

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

/**
 * One vCPU halts until a byte changes; another changes it and kicks, before, while and after the HLT. Or a
 * handler of its own changes it: nobody kicks then, so a HLT after that is for ever.
 */
export const kickBeforeHalt: Scenario = {
  name: 'kick-before-halt',
  summary:
    'vCPU 1 halts until a byte changes, with interrupts on and off; another changes it and kicks.',
  mechanism: 'spinlock',
  roles: ['wait', 'kick'],
  invariants: ['K1', 'K2'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 2 },
  machine: { exitsAnywhere: true, updateInterval: 1_000 },
  ledgerBytes: LEDGER_BYTES,
  controlled: { clockSteps: 0, machine: { haltPolls: 0, vectors: [0x31] } },
  instrument: (ops, thread) => watchHandled(watchKicks(ops, thread, 0), thread),
  threads: () => [
    { name: 'sleeper', vcpu: SLEEPER, start: sleep },
    { name: 'kicker', vcpu: KICKER, start: kick },
    { name: 'device', start: interrupt },
  ],
};

/** K1 of a wait whose byte only the sleeper's own handler changes: with another value there is none to halt for. */
function watchHandled(ops: HostOps, { ledger, violated }: HostThread): HostOps {
  return {
    ...ops,
    vcpuHasWork(kvm, vcpu, guest) {
      const work = ops.vcpuHasWork(kvm, vcpu, guest);
      if (work || vcpu !== kvm.vcpu(SLEEPER) || ledger.load32(FOR_HANDLER) === 0) return work;
      if (kvm.memory.load8(kvm.cpu.translate(HANDLED, 1)) !== WAITING) {
        violated(
          'K1',
          `vCPU ${SLEEPER} halts for a byte that has changed already: nobody will kick it.`,
        );
      }
      return work;
    },
  };
}

function sleep(thread: VcpuThread): Program {
  const { cpu, roles, machine, ledger, random, idle, outcome, violated } = thread;
  for (const vector of machine.vectors) {
    cpu.onInterrupt(vector, () => {
      cpu.store8(HANDLED, AWAKE);
      cpu.apicEoi();
    });
  }
  const wait = (byte: number): void => {
    const on = cpu.interruptFlag;
    roles.wait(cpu, { byte, value: WAITING });
    if (cpu.interruptFlag === on) return;
    const [now, before] = on ? ['off', 'on'] : ['on', 'off'];
    violated('K1', `The wait returned with interrupts ${now}, and was called with them ${before}.`);
  };
  const waitForHandler = (act: () => void): void => {
    ledger.store32(FOR_HANDLER, 1);
    act();
    ledger.store32(FOR_HANDLER, 0);
  };
  const begin = (waker: number): void => {
    const sleep = ledger.load32(WAKER) & ~BY_HANDLER;
    ledger.store32(WAKER, ((sleep + NEXT_SLEEP) | waker) >>> 0);
  };
  const untilKicked = (interrupts: boolean): void => {
    begin(0);
    if (interrupts) cpu.sti();
    cpu.store8(STATE, WAITING);
    let waits = 0;
    while (cpu.load8(STATE) === WAITING) {
      // An exit in the middle of the wait gives the kick time to come before the HLT. Not where an engine
      // chooses whose step comes next.
      if (random.pace(4) === 0) cpu.exitWithin(4);
      wait(STATE);
      waits++;
    }
    outcome(waits === 0 ? NO_HALT : WOKEN);
  };
  const untilInterrupted = (): void => {
    begin(BY_HANDLER);
    cpu.sti();
    cpu.store8(HANDLED, WAITING);
    while (cpu.load8(HANDLED) === WAITING) wait(HANDLED);
    outcome(WOKEN);
  };
  let sleeps = 0;
  return {
    step() {
      // Nothing to wait for: it returns at once.
      if (machine.sleeps.length === 0) waitForHandler(() => wait(HANDLED));
      const kind = machine.sleeps[sleeps++ % machine.sleeps.length] ?? drawnSleep(random);
      if (kind === 'handler') waitForHandler(untilInterrupted);
      else untilKicked(kind === 'interrupts on');
      cpu.cli();
      idle();
    },
  };
}

function drawnSleep(random: Choices): SleepKind {
  if (random.below(2) !== 0) return 'handler';
  return random.below(2) === 0 ? 'interrupts on' : 'interrupts off';
}

/** Waits for a sleep that this thread has not seen yet; whether the sleeper's own handler is to end it. */
function nextSleep({ kvm, ledger }: Pick<HostThread, 'kvm' | 'ledger'>): () => boolean {
  let seen = 0;
  return () => {
    while (ledger.load32(WAKER) === seen) kvm.cpu.relax();
    seen = ledger.load32(WAKER);
    return (seen & BY_HANDLER) !== 0;
  };
}

function kick(thread: VcpuThread): Program {
  const byHandler = nextSleep(thread);
  const { cpu, roles, ledger, random, idle, outcome, violated } = thread;
  return {
    step() {
      if (byHandler()) return;
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

function interrupt({ kvm, machine, ledger, random, idle }: HostThread): Program {
  const handled = kvm.cpu.translate(HANDLED, 1);
  const byHandler = nextSleep({ kvm, ledger });
  const isWanted = (): boolean => kvm.memory.load8(handled) === WAITING;
  return {
    step() {
      // In the middle of anything where a kick is what wakes the sleeper up, else when it wants one.
      if (byHandler()) while (!isWanted()) kvm.cpu.relax();
      const vector = machine.vectors[random.below(machine.vectors.length)]!;
      kvm.ops.acceptInterrupt(kvm, kvm.vcpu(SLEEPER), vector);
      for (let rest = random.pace(8); rest >= 0; rest--) idle();
    },
  };
}
