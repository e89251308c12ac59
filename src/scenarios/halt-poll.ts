import { KVM_POLL_CONTROL_ENABLED, MSR_KVM_POLL_CONTROL } from '../abi/msr.ts';
import { disableGuestPolling, enableGuestPolling } from '../guest/halt-poll.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import { clockAddresses, registerClock } from './clock-support.ts';
import { SCRATCH } from './guest-map.ts';
import { KICK_BYTES, kicksAnswered, noteKick, watchKicks } from './kicks.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** The vCPU that idles; the other one has work for it. */
const IDLER = 0;

/** Guest: the work, whether the idler polls for it, and the governor's limit. */
const WAKE = SCRATCH;
const POLLING = SCRATCH + 64;
const LIMIT = SCRATCH + 128;
/** `RESCHEDULE_VECTOR` of Linux. */
const RESCHEDULE_VECTOR = 0xfd;

/** Ledger: the number of the latest event, how often the idler has halted, and that when it last began to idle. */
const EVENT = 0;
const HALTS = 4;
const HALTS_BEFORE = 8;
/** How the idler idles this time: with leave to poll or not, and above that for the how manieth time. */
const ROUND = 12;
const NO_POLLING = 1;
const NEXT_ROUND = 2;
const KICKS = 64;

/** One round in so many the event waits until the guest has halted: it may not poll for ever, or not at all. */
const ROUNDS_PER_HALT = 4;
/** For how long it polls at first, ns: as the governor begins. */
const FIRST_LIMIT = 50_000;

/** So many ticks are longer than that. */
const TICKS_OF_POLLING = 230_000n;

/** One event in so many comes after the guest has taken polling over or left it to the host. */
const EVENTS_PER_SWITCH = 16;
/** Rests between two events, at most. */
const MOST_RESTS = 12;
/** Instructions of the idler to an exit for a while, at most; and how long that is, ns. */
const STEPS_TO_EXIT = 40;
const NANOSECONDS_OFF = 5_000;

const OUTCOMES = [
  {
    outcome: 'polled',
    expect: 'ACCEPTABLE',
    description: 'The event came while the guest polled for it.',
  },
  {
    outcome: 'halted',
    expect: 'ACCEPTABLE',
    description: 'The guest had halted, and an interrupt woke it.',
  },
] as const;
const POLLED = 0;
const HALTED = 1;

/** A vCPU idles by polling and halting; another gives it work, with an interrupt only where it must. */
export const haltPoll: Scenario = {
  name: 'halt-poll',
  summary:
    'vCPU 0 polls for work and then halts, or halts at once; vCPU 1 brings work, and interrupts it only if it does not poll.',
  mechanism: 'halt-poll',
  roles: ['idle'],
  invariants: ['K1', 'F1', 'H1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 2 },
  machine: { timeSource: 'monotonic', updateInterval: 4_000, exitsAnywhere: true },
  ledgerBytes: KICKS + KICK_BYTES,
  controlled: { machine: { haltPolls: 1 }, ticks: TICKS_OF_POLLING },
  instrument: (ops, thread) => watchPolling(watchKicks(ops, thread, KICKS), thread),
  threads: () => [
    { name: 'idler', vcpu: IDLER, start: idle },
    { name: 'waker', vcpu: 1, start: wake },
  ],
};

/** H1, and a count of halts. */
function watchPolling(ops: HostOps, { ledger, violated }: HostThread): HostOps {
  return {
    ...ops,
    haltVcpu(kvm, vcpu, guest) {
      ledger.add32(HALTS, 1);
      ops.haltVcpu(kvm, vcpu, guest);
    },
    pollHalted(kvm, vcpu, guest) {
      const access = { index: MSR_KVM_POLL_CONTROL, hostInitiated: true };
      const control = ops.getMsr(kvm, vcpu, access) ?? KVM_POLL_CONTROL_ENABLED;
      if ((control & KVM_POLL_CONTROL_ENABLED) === 0n) {
        violated('H1', 'The host polls for a vCPU that polls by itself.');
      }
      return ops.pollHalted(kvm, vcpu, guest);
    },
  };
}

function idle(thread: VcpuThread): Program {
  const { cpu, vcpu, kvm, roles, ledger, random, outcome, violated } = thread;
  registerClock(thread);
  cpu.onInterrupt(RESCHEDULE_VECTOR, () => cpu.apicEoi());
  cpu.sti();
  /** A new round, of which the waker is told: whether this vCPU may poll. */
  const begin = (): void => {
    const mayPoll = random.below(ROUNDS_PER_HALT) !== 0;
    // Where an engine advances the clock, or does not, only this ends polling for certain.
    if (!mayPoll && random.pace(2) !== 0) cpu.store32(LIMIT, 0);
    else if (mayPoll && cpu.load32(LIMIT) === 0) cpu.store32(LIMIT, FIRST_LIMIT);
    ledger.store32(HALTS_BEFORE, ledger.load32(HALTS));
    const round = (ledger.load32(ROUND) & ~NO_POLLING) + NEXT_ROUND;
    ledger.store32(ROUND, (round | (mayPoll ? 0 : NO_POLLING)) >>> 0);
  };
  const at = { wake: WAKE, polling: POLLING, limit: LIMIT, clock: clockAddresses(IDLER) };
  return {
    step() {
      if (random.below(EVENTS_PER_SWITCH) === 0) {
        if (random.below(2) === 0) enableGuestPolling(cpu);
        else disableGuestPolling(cpu);
      }
      // Not where an engine chooses whose step comes next.
      if (random.pace(2) === 0) {
        kvm.memory.store32(vcpu + VCPU.needReschedule, NANOSECONDS_OFF);
        cpu.exitWithin(STEPS_TO_EXIT);
      }
      begin();
      const halts = ledger.load32(HALTS);
      const event = roles.idle(cpu, at);
      if (!cpu.interruptFlag) {
        violated('K1', 'The guest idled with interrupts on and returned with them off.');
      }
      if (cpu.load32(POLLING) !== 0) {
        violated(
          'K1',
          'The guest no longer idles, and still says that it polls: no waker interrupts it.',
        );
      }
      const expected = ledger.load32(EVENT);
      if (event !== expected || cpu.load32(WAKE) !== expected) {
        violated(
          'F1',
          `The guest woke up for event ${event}, and the latest was ${cpu.load32(WAKE) === 0 ? 'not there yet' : expected}.`,
        );
      }
      outcome(ledger.load32(HALTS) === halts ? POLLED : HALTED);
      // Before the waker may bring more: this event was heard, with a halt or without.
      kicksAnswered(ledger, KICKS, IDLER);
      cpu.store32(WAKE, 0);
    },
  };
}

function wake({ cpu, kvm, ledger, random, idle: rest }: VcpuThread): Program {
  let seen = 0;
  return {
    step() {
      while (ledger.load32(ROUND) === seen) cpu.relax();
      seen = ledger.load32(ROUND);
      const waits = (seen & NO_POLLING) !== 0;
      while (waits && ledger.load32(HALTS) === ledger.load32(HALTS_BEFORE)) cpu.relax();
      if (random.sometimes(2)) for (let rests = random.pace(MOST_RESTS); rests > 0; rests--) rest();
      const event = ledger.load32(EVENT) + 1;
      noteKick(ledger, KICKS, IDLER, () => {
        ledger.store32(EVENT, event);
        cpu.store32(WAKE, event);
        // Pairs with the barrier in the idler, between the end of its polling and its last look.
        cpu.mb();
        if (cpu.load32(POLLING) === 0)
          kvm.ops.acceptInterrupt(kvm, kvm.vcpu(IDLER), RESCHEDULE_VECTOR);
      });
      while (cpu.load32(WAKE) !== 0) cpu.relax();
    },
  };
}
