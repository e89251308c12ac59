import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import { compareClocks } from './clock-monotonic-stable.ts';
import { CLOCK_OUTCOMES } from './clock-reader.ts';
import { checkClockSet } from './clock-set.ts';
import { notePublications } from './clock-support.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

const FLOOR = 0;
const PUBLICATIONS = CLOCK_FLOOR_BYTES;

/**
 * How far ahead the clock is set, in ticks of the host's TSC: more than pass until the world stops, as
 * every look at the TSC is a tick.
 */
const AHEAD = 10_000_000;
/** What an epoch begins with, at most, in ns. */
const MOST_NANOSECONDS = 1 << 20;

/** One KVM_SET_CLOCK in so many sets the clock back: to less than it was, which starts a new epoch. */
const SETS_PER_EPOCH = 64;
/** One read in so many of the vCPU whose thread sets the clock comes after it has. */
const READS_PER_SET = 4;
const SETTER = 0;

/** The thread of one vCPU calls KVM_SET_CLOCK, out of guest mode, while all vCPUs compare clocks. */
export const clockSetWhileRunning: Scenario = {
  name: 'clock-set-while-running',
  summary: 'A thread of the VMM sets the clock (KVM_SET_CLOCK) while vCPUs compare theirs.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P4', 'P3', 'P5', 'F1'],
  outcomes: CLOCK_OUTCOMES,
  vcpus: { default: 2, least: 1, most: 64 },
  machine: {},
  controlled: { clockSteps: 0 },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  instrument: (ops, thread) => checkClockSet(notePublications(ops, thread, PUBLICATIONS), thread),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: vcpu === SETTER ? setAndCompare : compare,
    })),
};

function compare(thread: VcpuThread): Program {
  return compareClocks(thread, FLOOR, PUBLICATIONS);
}

function setAndCompare(thread: VcpuThread): Program {
  const { cpu, random } = thread;
  const comparing = compare(thread);
  const set = clockSetter(thread);
  return {
    step(instance) {
      if (random.sometimes(READS_PER_SET)) cpu.exitToUser(set);
      comparing.step(instance);
    },
  };
}

/** KVM_SET_CLOCK, mostly to later than it is. */
function clockSetter(thread: VcpuThread): () => void {
  const { kvm, random, machine } = thread;
  const ahead = Math.ceil((AHEAD * 1_000_000) / machine.hostTscKhz);
  const floor = new ClockFloor(thread, FLOOR);
  const set = (clock: bigint): void => {
    kvm.ops.setClock(kvm, { clock, flags: 0, realtime: 0n });
  };
  return () => {
    if (random.below(SETS_PER_EPOCH) === 0) {
      // Often to 0: nothing may be taken off that.
      const clock = random.sometimes(2) ? 0 : random.below(MOST_NANOSECONDS);
      floor.newEpoch(() => set(BigInt(clock)));
    } else {
      // Far enough ahead that the clock has not come as far until the world stops.
      set(kvm.ops.getClock(kvm).clock + BigInt(ahead + random.pace(Math.min(ahead, 2 ** 31))));
    }
  };
}
