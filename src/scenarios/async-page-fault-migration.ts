import { PAGE_FAULT_OUTCOMES } from './async-page-fault.ts';
import { enablePageFaults } from './async-page-fault-support.ts';
import { PAGE_FAULT_BYTES, PageFaultWatch } from './async-page-fault-watch.ts';
import { anotherHost } from './hosts.ts';
import { PAGE_WORKER_BYTES, serveFaults, stepDone } from './page-fault-worker.ts';
import { pageUser } from './page-user.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: what vCPUs and workers tell each other, behind the watch. */
const WORKERS = PAGE_FAULT_BYTES;

const OUTCOMES = [
  ...PAGE_FAULT_OUTCOMES,
  { outcome: 'moved', expect: 'ACCEPTABLE', description: 'The VM went to another host.' },
] as const;
const MOVED = PAGE_FAULT_OUTCOMES.length;

/** The VM goes to another host while tasks sleep on tokens that only the old one knows. */
export const asyncPageFaultMigration: Scenario = {
  name: 'async-page-fault-migration',
  summary:
    'The VM goes to another host while tasks sleep for pages and workers bring them in: the token ~0 wakes them all.',
  mechanism: 'async-page-fault',
  roles: ['enableAsyncPageFaults', 'pageNotPresent', 'waitForPage', 'pageReady'],
  invariants: ['A1', 'A2', 'A3', 'A4', 'A5', 'A6'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: 63 },
  machine: { exitsAnywhere: true },
  ledgerBytes: WORKERS + PAGE_WORKER_BYTES,
  // One vCPU, whose own thread moves the VM while its task sleeps. What workers race with is async-page-fault's.
  controlled: {
    vcpus: 1,
    clockSteps: 0,
    machine: { haltPolls: 0, pageActions: ['task', 'move'] },
    steps: { vmm: 0 },
  },
  instrument: (ops, thread) => new PageFaultWatch(thread, 0).instrument(ops),
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: usePages,
    })),
    { name: 'worker', start: (thread) => serveFaults(thread, WORKERS) },
    { name: 'vmm', start: move },
  ],
};

function usePages(thread: VcpuThread): Program {
  const { cpu, ledger, random, outcome } = thread;
  const use = pageUser(thread, new PageFaultWatch(thread, 0), WORKERS);
  cpu.sti();
  return {
    step() {
      // As after an offline and online: whoever sleeps is woken, and the rest goes on.
      if (random.pace(4) === 0) enablePageFaults(thread);
      outcome(use());
      stepDone(ledger, WORKERS);
    },
  };
}

function move(thread: HostThread): Program {
  const { kvm, random, idle, outcome } = thread;
  return {
    step() {
      kvm.ops.migrate(kvm, anotherHost(thread));
      outcome(MOVED);
      for (let rest = random.pace(16); rest >= 0; rest--) idle();
    },
  };
}
