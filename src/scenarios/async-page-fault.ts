import { PAGE_FAULT_BYTES, PageFaultWatch } from './async-page-fault-watch.ts';
import { PAGE_WORKER_BYTES, serveFaults, stepDone } from './page-fault-worker.ts';
import { pageUser } from './page-user.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: what vCPUs and workers tell each other, behind the watch. */
const WORKERS = PAGE_FAULT_BYTES;

export const PAGE_FAULT_OUTCOMES = [
  {
    outcome: 'slept',
    expect: 'ACCEPTABLE',
    description: 'The page was missing: the task slept until it was there.',
  },
  {
    outcome: 'halted',
    expect: 'ACCEPTABLE',
    description: 'The page was missing for the kernel itself: the vCPU waited for it.',
  },
  { outcome: 'present', expect: 'ACCEPTABLE', description: 'The page was there, by then.' },
] as const;
/** Tasks use pages that the host has to bring in, and sleep; workers bring them in meanwhile. */
export const asyncPageFault: Scenario = {
  name: 'async-page-fault',
  summary:
    'Tasks of each vCPU use pages that are missing and sleep, while the host brings them in and tells when they are ready.',
  mechanism: 'async-page-fault',
  roles: ['enableAsyncPageFaults', 'pageNotPresent', 'waitForPage', 'pageReady'],
  invariants: ['A1', 'A2', 'A3', 'A4', 'A5', 'A6'],
  outcomes: PAGE_FAULT_OUTCOMES,
  // One is enough: what it races with are the workers, and they want a core of their own.
  vcpus: { default: 1, least: 1, most: 63 },
  machine: { exitsAnywhere: true },
  ledgerBytes: WORKERS + PAGE_WORKER_BYTES,
  controlled: {
    vcpus: 1,
    clockSteps: 0,
    // Two pages, one of them in when the other worker begins: what is done next races with the first's delivery.
    machine: { haltPolls: 0, pageActions: ['task', 'task', 'bring in'] },
  },
  instrument: (ops, thread) => new PageFaultWatch(thread, 0).instrument(ops),
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: usePages,
    })),
    { name: 'worker', start: (thread) => serveFaults(thread, WORKERS) },
  ],
};

function usePages(thread: VcpuThread): Program {
  const { cpu, ledger, outcome } = thread;
  const use = pageUser(thread, new PageFaultWatch(thread, 0), WORKERS);
  cpu.sti();
  return {
    step() {
      outcome(use());
      stepDone(ledger, WORKERS);
    },
  };
}
