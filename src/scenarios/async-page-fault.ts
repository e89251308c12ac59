import { faultForReal, PAGES, sleepOn, takePageFaults } from './async-page-fault-support.ts';
import { PAGE_FAULT_BYTES, PageFaultWatch } from './async-page-fault-watch.ts';
import { serveFaults } from './page-fault-worker.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: steps that the vCPUs have done, behind the watch. */
const STEPS = PAGE_FAULT_BYTES;

/** Tasks of a vCPU that may sleep at once. */
const TASKS = 2;

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
/** Places in the table. */
export type PageOutcome = 0 | 1 | 2;
const SLEPT = 0;
const HALTED = 1;
const PRESENT = 2;

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
  machine: {},
  ledgerBytes: STEPS + 64,
  controlled: { vcpus: 1, clockSteps: 0 },
  instrument: (ops, thread) => new PageFaultWatch(thread, 0).instrument(ops),
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: usePages,
    })),
    { name: 'worker', start: (thread) => serveFaults(thread, STEPS) },
  ],
};

function usePages(thread: VcpuThread): Program {
  const { cpu, ledger, outcome } = thread;
  const use = pageUser(thread, new PageFaultWatch(thread, 0));
  cpu.sti();
  return {
    step() {
      outcome(use());
      ledger.add32(STEPS, 1);
    },
  };
}

/** Has the vCPU take page faults; what is returned lets one of its tasks use a page that is missing. */
export function pageUser(
  thread: VcpuThread,
  watch: PageFaultWatch,
  endInterrupt?: () => void,
): () => PageOutcome {
  const { cpu, kvm, random } = thread;
  const asleep = watch.tasksAsleep(cpu.id);
  const slept = watch.hasSlept(cpu.id);
  const touch = (task: number, userMode: boolean): void => {
    const page = PAGES[(task + random.pace(PAGES.length)) % PAGES.length]!;
    slept.value = 0;
    kvm.ops.swapOutPage(kvm, page);
    const before = cpu.userMode;
    cpu.userMode = userMode;
    cpu.touch(page);
    cpu.userMode = before;
  };
  const anotherTask = (): void => {
    if (asleep.value < TASKS && random.sometimes(2)) touch(asleep.value, random.pace(4) !== 0);
    if (random.sometimes(8)) faultForReal(cpu);
  };
  const sleep = (token: number): void => {
    const task = asleep.value++;
    sleepOn(thread, watch, token, task, anotherTask);
    asleep.value--;
    slept.value = 1;
  };
  takePageFaults(thread, watch, sleep, endInterrupt);
  return () => {
    if (random.sometimes(4)) cpu.exitWithin(16);
    const userMode = random.below(4) !== 0;
    touch(0, userMode);
    const result = slept.value !== 0 ? SLEPT : userMode ? PRESENT : HALTED;
    if (random.sometimes(8)) faultForReal(cpu);
    return result;
  };
}
