import { VM } from '../host/records.ts';
import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
  requestClockUpdate,
  requestMasterclockUpdate,
} from './clock-support.ts';
import { FALLBACK_OUTCOMES, FallbackReader, LEAD_BYTES, noteLead } from './fallback-reader.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';
import { checkStableFlag } from './stable-flag.ts';

const FLOOR = 0;
const LEAD = CLOCK_FLOOR_BYTES;
const PUBLICATIONS = LEAD + LEAD_BYTES;

/** A tick is a nanosecond: no line loses any to rounding, and so none begins below the one before. */
const TSC_KHZ = 1_000_000;

/** One read in so many of the vCPU whose entries switch the master clock comes while it is off. */
const READS_PER_SWITCH = 8;
const SWITCHER = 0;

/**
 * The host loses its TSC as a clock for all vCPUs and has it back. While it is lost each vCPU has a line of
 * its own and only last_value keeps time from going backwards; before and after, TSC_STABLE says that there
 * is one line. A reader that takes the flag of one publication for the line of another misses the maximum.
 */
export const clockStableSwitch: Scenario = {
  name: 'clock-stable-switch',
  summary:
    'vCPUs compare clocks while the master clock is switched off and on: TSC_STABLE goes and comes with it.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P4', 'P7', 'F1'],
  outcomes: FALLBACK_OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: {
    samplingGap: 2_000,
    hostTscKhz: TSC_KHZ,
    tscKhz: [TSC_KHZ],
    // Each pair is on a line of its own, above those before it: which one a value is of shows.
    rawClockPpm: 50_000,
    exitsAnywhere: true,
  },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  controlled: { machine: { exitsAnywhere: false, vcpusMatchedTsc: false } },
  instrument: (ops, thread) =>
    checkStableFlag(noteLead(notePublications(ops, thread, PUBLICATIONS), thread, LEAD), thread),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: vcpu === SWITCHER ? switchAndCompare : compare,
    })),
};

/** A look that changes nothing: what comes after it is at any moment, and others may have got on by then. */
function anyMoment({ kvm }: VcpuThread): void {
  kvm.memory.load32(kvm.vm + VM.useMasterClock);
}

function compare(thread: VcpuThread): Program {
  registerClock(thread);
  const { cpu } = thread;
  const floor = new ClockFloor(thread, FLOOR);
  const publications = publicationsOf(thread, cpu.id, PUBLICATIONS);
  const reader = new FallbackReader(thread, publications, LEAD, clockAddresses(cpu.id));
  return {
    step() {
      anyMoment(thread);
      floor.before();
      const value = reader.read();
      // Made while there were several lines, it may not be less than what any of them had shown: not even
      // where there is one line again by now.
      if (reader.isOfOwnLine) floor.compare(value);
      floor.after(value);
    },
  };
}

function switchAndCompare(thread: VcpuThread): Program {
  const { cpu, kvm, random } = thread;
  const comparing = compare(thread);
  const floor = new ClockFloor(thread, FLOOR);
  const use = (matched: boolean): void => {
    kvm.memory.store32(kvm.vm + VM.vcpusMatchedTsc, matched ? 1 : 0);
    requestMasterclockUpdate(thread);
    cpu.exit();
  };
  return {
    step(instance) {
      // The world is stopped meanwhile: off before a read, on after one.
      const matched = kvm.memory.load32(kvm.vm + VM.vcpusMatchedTsc) !== 0;
      const switches = random.sometimes(READS_PER_SWITCH);
      if (switches && matched) use(false);
      // Without one line for all, a vCPU that comes to another physical CPU has its own sampled anew.
      if (switches && !matched) {
        requestClockUpdate(thread);
        cpu.exit();
      }
      comparing.step(instance);
      // Back to one line, the clock may be less than the lines that ran ahead of it had shown.
      anyMoment(thread);
      if (switches && !matched) floor.newEpoch(() => use(true));
    },
  };
}
