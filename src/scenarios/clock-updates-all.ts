import { KVM_REQ_GLOBAL_CLOCK_UPDATE } from '../host/requests.ts';
import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
} from './clock-support.ts';
import { FALLBACK_OUTCOMES, FallbackReader, LEAD_BYTES, noteLead } from './fallback-reader.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import { checkRefreshes, REFRESHES_BYTES } from './refreshes.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

const FLOOR = 0;
const LEAD = CLOCK_FLOOR_BYTES;
const REFRESHES = LEAD + LEAD_BYTES;
const PUBLICATIONS = REFRESHES + REFRESHES_BYTES;

/** One read in so many comes after an exit: a vCPU that moves finds itself on another physical CPU then. */
const READS_PER_EXIT = 8;
const MOVER = 0;

/**
 * No master clock: a vCPU that comes to another physical CPU has a new pair sampled, and so has every
 * other vCPU, or their lines would drift apart for as long as they are left alone.
 */
export const clockUpdatesAll: Scenario = {
  name: 'clock-updates-all',
  summary:
    'A vCPU moves between physical CPUs without a master clock: each move updates the clocks of all.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P5', 'P4', 'F1'],
  outcomes: FALLBACK_OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: { vcpusMatchedTsc: false, samplingGap: 600 },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  instrument: (ops, thread) =>
    checkRefreshes(
      noteLead(notePublications(ops, thread, PUBLICATIONS), thread, LEAD),
      thread,
      REFRESHES,
    ),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: compareClocks,
    })),
};

function compareClocks(thread: VcpuThread): Program {
  registerClock(thread);
  const { cpu, kvm, vcpu, random } = thread;
  const floor = new ClockFloor(thread, FLOOR);
  const publications = publicationsOf(thread, cpu.id, PUBLICATIONS);
  const reader = new FallbackReader(thread, publications, LEAD, clockAddresses(cpu.id));
  return {
    step() {
      if (random.sometimes(READS_PER_EXIT)) {
        if (cpu.id === MOVER) kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_GLOBAL_CLOCK_UPDATE);
        cpu.exit();
      }
      floor.before();
      floor.after(reader.read());
    },
  };
}
