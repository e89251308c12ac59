import { registerClock, requestClockUpdate, requestMasterclockUpdate } from './clock-support.ts';
import { checkPairs, MASTER_PAIRS_BYTES } from './master-pairs.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

const PAIRS = 0;
const UPDATER = 0;

const OUTCOMES = [
  {
    outcome: 'updated',
    expect: 'ACCEPTABLE',
    description: 'An entry published the clock of its vCPU, by one pair.',
  },
] as const;
const UPDATED = 0;

/**
 * A vCPU that is out of guest mode anyhow is not waited for: it may be about to publish while another
 * takes a new pair. Only the sequence count keeps it from taking the TSC of one and the ns of the other.
 */
export const clockPairUpdates: Scenario = {
  name: 'clock-pair-updates',
  summary: 'vCPUs publish their clocks while entries of another take new master clock pairs.',
  mechanism: 'kvmclock',
  roles: [],
  invariants: ['P1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: {},
  ledgerBytes: MASTER_PAIRS_BYTES,
  instrument: (ops, thread) => checkPairs(ops, thread, PAIRS),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: vcpu === UPDATER ? takePairs : publish,
    })),
};

/** Two at a time: vCPUs that the first got out of guest mode may still publish when the second comes. */
function takePairs(thread: VcpuThread): Program {
  registerClock(thread);
  return {
    step() {
      for (let pairs = 0; pairs < 2; pairs++) {
        requestMasterclockUpdate(thread);
        thread.cpu.exit();
      }
      thread.outcome(UPDATED);
    },
  };
}

function publish(thread: VcpuThread): Program {
  registerClock(thread);
  const { cpu, random, outcome } = thread;
  return {
    step() {
      if (random.pace(2) === 0) {
        requestClockUpdate(thread);
        cpu.exit();
      }
      outcome(UPDATED);
    },
  };
}
