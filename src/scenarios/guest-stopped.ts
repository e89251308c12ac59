import {
  PVCLOCK_FLAGS,
  PVCLOCK_GUEST_STOPPED,
  PVCLOCK_TSC_STABLE_BIT,
} from '../abi/pvclock-vcpu-time-info.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU, VM } from '../host/records.ts';
import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
  requestMasterclockUpdate,
} from './clock-support.ts';
import { FALLBACK_OUTCOMES, FallbackReader, LEAD_BYTES, noteLead } from './fallback-reader.ts';
import { clockArea } from './guest-map.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

const FLOOR = 0;
/** Per vCPU: how often GUEST_STOPPED became set in its area. */
const SET = CLOCK_FLOOR_BYTES;
const SET_STRIDE = 64;
const LEAD = SET + 64 * SET_STRIDE;
/** vCPUs that are in a check; not 0 while the master clock comes back on. */
const CHECKING = LEAD + LEAD_BYTES;
const TURNING_ON = CHECKING + 4;
const PUBLICATIONS = CHECKING + 64;

/** `checkGuestStopped` has two or three steps; exits that far ahead hit each of them. */
const STEPS_OF_A_CHECK = 5;

const OUTCOMES = [
  ...FALLBACK_OUTCOMES,
  { outcome: 'not stopped', expect: 'ACCEPTABLE', description: 'The flag was not set.' },
  {
    outcome: 'stopped',
    expect: 'INTERESTING',
    description: 'The flag was set, and the guest saw and cleared it.',
  },
] as const;
const NOT_STOPPED = FALLBACK_OUTCOMES.length;
const STOPPED = NOT_STOPPED + 1;

/** The vCPU whose entries switch the master clock does at one check in so many, at most. */
const CHECKS_PER_TURN = 4;
const SWITCHER = 0;
/** It goes off in the first turn of so many, and on again in the middle. */
const TURNS = 4;

/** vCPUs are stopped (KVM_KVMCLOCK_CTRL) and the master clock is switched while guests check and read. */
export const guestStopped: Scenario = {
  name: 'guest-stopped',
  summary:
    'vCPUs are stopped and the master clock is switched, while guests clear GUEST_STOPPED and compare clocks.',
  mechanism: 'kvmclock',
  roles: ['checkGuestStopped', 'readClock'],
  invariants: ['P6', 'P4', 'P7', 'F1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: 64 },
  machine: { samplingGap: 20_000, exitsAnywhere: true },
  // Exits of the vCPU itself are all that its check races with.
  controlled: { vcpus: 1, steps: 2 },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  instrument: (ops, thread) =>
    checkRetained(noteLead(notePublications(ops, thread, PUBLICATIONS), thread, LEAD), thread),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: checkAndRead,
    })),
};

/** Checks P6 around every publication: it happens in the vCPU's context, so the guest cannot clear meanwhile. */
function checkRetained(ops: HostOps, thread: HostThread): HostOps {
  return {
    ...ops,
    publishClock(kvm, vcpu, parameters) {
      const area = kvm.cpu.translate(Number(kvm.memory.load64(vcpu + VCPU.pvclockGpa)), 32);
      const before = kvm.memory.load8(area + PVCLOCK_FLAGS) & PVCLOCK_GUEST_STOPPED;
      ops.publishClock(kvm, vcpu, parameters);
      const after = kvm.memory.load8(area + PVCLOCK_FLAGS) & PVCLOCK_GUEST_STOPPED;
      if (before !== 0 && after === 0) {
        thread.violated('P6', 'An update cleared the flag that an earlier one had set.');
      }
      if (before === 0 && after !== 0) {
        thread.ledger.add32(SET + kvm.memory.load32(vcpu + VCPU.id) * SET_STRIDE, 1);
      }
    },
  };
}

function checkAndRead(thread: VcpuThread): Program {
  registerClock(thread);
  const { cpu, vcpu, kvm, roles, ledger, random, outcome, violated } = thread;
  const area = clockArea(cpu.id);
  const at = clockAddresses(cpu.id);
  const floor = new ClockFloor(thread, FLOOR);
  const publications = publicationsOf(thread, cpu.id, PUBLICATIONS);
  const reader = new FallbackReader(thread, publications, LEAD, at);
  const set = SET + cpu.id * SET_STRIDE;
  const takeTurn = cpu.id === SWITCHER ? masterClockSwitch(thread) : () => {};
  const flags = (): number => kvm.memory.load8(kvm.cpu.translate(area, 32) + PVCLOCK_FLAGS);
  /** Of the times that the flag became set, those that a check has told. */
  let told = ledger.load32(set);

  /** Holds a check's answer against how often the flag had become set, before and after it. */
  function judge(stopped: boolean, before: number): void {
    const after = ledger.load32(set);
    const isSet = (flags() & PVCLOCK_GUEST_STOPPED) !== 0;
    if (stopped && after === told) violated('F1', 'The guest says it was stopped, and was not.');
    if (!stopped && before !== told) violated('F1', 'The guest says it was not stopped, and was.');
    if (stopped && isSet && after === told + 1)
      violated('F1', 'The guest says it was stopped, and has left the flag for the next check.');
    if (!stopped && !isSet && after !== told)
      violated('F1', 'The guest has cleared the flag, and says that it was not stopped.');
    // A stop that came after the flag was cleared set it again: that one is still to be told.
    if (stopped) told = isSet ? after - 1 : after;
  }

  /** The check clears one flag and leaves the others, which are the host's. */
  function checkStable(): void {
    const published = publications.read(publications.finished - 1).flags;
    if ((published & ~flags() & PVCLOCK_TSC_STABLE_BIT) !== 0)
      violated('P7', 'The host had published TSC_STABLE, and the check of the guest cleared it.');
  }

  /** Waits until the master clock is not being turned on: who is in a check is waited for. */
  function beginCheck(): void {
    ledger.add32(CHECKING, 1);
    while (ledger.load32(TURNING_ON) !== 0) {
      ledger.add32(CHECKING, -1);
      cpu.relax();
      ledger.add32(CHECKING, 1);
    }
  }

  return {
    step() {
      // KVM_KVMCLOCK_CTRL is an ioctl of the vCPU: its own thread calls it, back in user space, before the
      // check or at an exit in the middle of it.
      if (random.below(2) === 0) {
        kvm.ops.setGuestPaused(kvm, vcpu);
        if (random.below(2) === 0) cpu.exit();
      }
      takeTurn();
      beginCheck();
      const before = ledger.load32(set);
      if (random.sometimes(2)) cpu.exitWithin(STEPS_OF_A_CHECK);
      const stopped = roles.checkGuestStopped(cpu, { area });
      judge(stopped, before);
      checkStable();
      ledger.add32(CHECKING, -1);
      outcome(stopped ? STOPPED : NOT_STOPPED);
      floor.before();
      floor.after(reader.read());
    },
  };
}

/**
 * Switches the master clock off at one of the next exits, which may be one of the check's, and on at once.
 * Off it goes at any time, as when the host's clocksource turns unstable; on by a VMM that writes the TSCs,
 * while no vCPU is in the middle of anything.
 */
function masterClockSwitch(thread: VcpuThread): () => void {
  const { cpu, kvm, ledger, random } = thread;
  const floor = new ClockFloor(thread, FLOOR);
  const request = (use: boolean): void => {
    kvm.memory.store32(kvm.vm + VM.vcpusMatchedTsc, use ? 1 : 0);
    requestMasterclockUpdate(thread);
  };
  let turn = 0;
  return () => {
    if (!random.sometimes(CHECKS_PER_TURN)) return;
    if (turn === 0) request(false);
    // Back to one line, the clock may be less than the lines that ran ahead of it had shown.
    else if (turn === TURNS / 2) {
      ledger.store32(TURNING_ON, 1);
      while (ledger.load32(CHECKING) !== 0) cpu.relax();
      floor.newEpoch(() => {
        request(true);
        cpu.exit();
      });
      ledger.store32(TURNING_ON, 0);
    }
    turn = (turn + 1) % TURNS;
  };
}
