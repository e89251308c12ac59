import { KVM_VCPU_PV_APF_DATA_TOKEN } from '../abi/kvm-vcpu-pv-apf-data.ts';
import { NODE_BYTES, NODE_IN_USE } from '../guest/async-page-fault-sleepers.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { MachineSpec } from '../host/machine.ts';
import { VCPU } from '../host/records.ts';
import { faultForReal, PAGES, sleepOn, takePageFaults } from './async-page-fault-support.ts';
import { PAGE_FAULT_BYTES, PageFaultWatch } from './async-page-fault-watch.ts';
import { asyncPfArea, SCRATCH, SLEEPERS } from './guest-map.ts';
import { PAGE_WORKER_BYTES, serveFaults, stepDone } from './page-fault-worker.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: what the faulting vCPU and the worker tell each other, behind the watch. */
const WORKERS = PAGE_FAULT_BYTES;
/** The token whose wake-up the task's next exit is to last for, plus 1, or 0. */
const AWAY = WORKERS + PAGE_WORKER_BYTES;
const AWAY_BYTES = 64;

/** The vCPU whose page faults they are, and the one that the task has moved to before it sleeps. */
const FAULTING = 0;
const SLEEPING = 1;

/** Guest: the token that the task is to sleep on, 0 for none. */
const TOKEN = SCRATCH;

/** How long the task waits for the page to be nearly there before it goes to sleep, and after that. */
const MOST_LOOKS = 20_000;
const MOST_LOOKS_AFTER = 200;
/** How long an exit lasts that lets the wake-up come: it never does where the task has the lock that it takes. */
const MOST_LOOKS_AWAY = 4_000;

const OUTCOMES = [
  { outcome: 'woken', expect: 'ACCEPTABLE', description: 'The task slept until it was woken.' },
  {
    outcome: 'no sleep',
    expect: 'ACCEPTABLE',
    description: 'The wake-up had come before the task wanted to sleep.',
  },
  {
    outcome: 'ready',
    expect: 'ACCEPTABLE',
    description: 'The vCPU with the page fault has its page, and the task has gone on.',
  },
] as const;
const WOKEN = 0;
const NO_SLEEP = 1;
const READY = 2;

/** The task moves to another vCPU between its page fault and its sleep: the wake-up may come first. */
export const asyncPageFaultWakeBeforeWait: Scenario = {
  name: 'async-page-fault-wake-before-wait',
  summary:
    'A task has its page fault on vCPU 0 and sleeps on vCPU 1, while vCPU 0 is told that the page is ready.',
  mechanism: 'async-page-fault',
  roles: ['enableAsyncPageFaults', 'pageNotPresent', 'waitForPage', 'pageReady'],
  invariants: ['A1', 'A2', 'A3', 'A4', 'A5', 'A6'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 2, most: 2 },
  machine: { exitsAnywhere: true },
  ledgerBytes: AWAY + AWAY_BYTES,
  controlled: { clockSteps: 0, machine: { haltPolls: 0, pageActions: ['bring in'] } },
  instrument: (ops, thread) => {
    const watch = new PageFaultWatch(thread, 0);
    return stayAway(watch.instrument(ops), thread, watch);
  },
  threads: (machine) => [
    { name: 'faulting', vcpu: FAULTING, start: fault },
    { name: 'sleeping', vcpu: SLEEPING, start: sleep },
    ...(bringsIn(machine)
      ? []
      : [{ name: 'worker', start: (thread: HostThread) => serveFaults(thread, WORKERS) }]),
  ],
};

/** Whether the host brings the page in on the CPU of the vCPU that waits for it: no worker then. */
const bringsIn = ({ pageActions }: MachineSpec): boolean => pageActions.includes('bring in');

/** Has an exit of the task's vCPU last until the wake-up has come: its thread is off the physical CPU. */
function stayAway(ops: HostOps, { ledger }: HostThread, watch: PageFaultWatch): HostOps {
  return {
    ...ops,
    handleExternalInterrupt(kvm, vcpu) {
      ops.handleExternalInterrupt(kvm, vcpu);
      if (kvm.memory.load32(vcpu + VCPU.id) !== SLEEPING) return;
      const away = ledger.load32(AWAY);
      ledger.store32(AWAY, 0);
      if (away === 0) return;
      for (let looks = MOST_LOOKS_AWAY; looks > 0; looks--) {
        if (watch.isOver((away - 1) >>> 0, SLEEPING)) return;
        kvm.cpu.relax();
      }
    },
  };
}

function fault(thread: VcpuThread): Program {
  const { cpu, kvm, ledger, machine, outcome } = thread;
  const watch = new PageFaultWatch(thread, 0);
  const handed = watch.tasksAsleep(cpu.id);
  takePageFaults(thread, watch, (token) => {
    handed.value = 1;
    cpu.store32(TOKEN, token);
    if (bringsIn(machine)) cpu.exitToUser(() => kvm.ops.runAsyncPfWorker(kvm));
  });
  cpu.sti();
  return {
    step() {
      const [page] = PAGES;
      handed.value = 0;
      kvm.ops.swapOutPage(kvm, page!);
      cpu.userMode = true;
      cpu.touch(page!);
      cpu.userMode = false;
      // Without a page fault there is nothing to wait for.
      while (handed.value !== 0 && cpu.load32(TOKEN) !== 0) cpu.relax();
      // Pairs with the barrier of the task, once it is awake.
      cpu.rmb();
      checkDummies(thread);
      // A #PF after that is the guest's own, whatever the last one was.
      faultForReal(cpu);
      outcome(READY);
      stepDone(ledger, WORKERS);
    },
  };
}

/** A1 of the next tokens: with the only task awake, and no page-ready under way, no wake-up is kept for any. */
function checkDummies({ cpu, violated }: VcpuThread): void {
  const { dummies, dummyCount } = SLEEPERS;
  for (let index = 0; index < dummyCount; index++) {
    if (cpu.load32(dummies + index * NODE_BYTES + NODE_IN_USE) === 0) continue;
    violated(
      'A1',
      'The task is awake, and a wake-up is still kept for it: in the end there is no room for any.',
    );
  }
}

function sleep(thread: VcpuThread): Program {
  const { cpu, kvm, ledger, random, outcome } = thread;
  const watch = new PageFaultWatch(thread, 0);
  const slept = watch.hasSlept(cpu.id);
  takePageFaults(thread, watch, () => {});
  cpu.sti();
  // Only sets the pace: most wake-ups come long before or long after the task goes to sleep.
  const ready = kvm.cpu.translate(asyncPfArea(FAULTING) + KVM_VCPU_PV_APF_DATA_TOKEN, 4);
  const comeCloseToReady = (): void => {
    if (random.pace(8) === 1) return;
    for (let looks = MOST_LOOKS; looks > 0 && kvm.memory.load32(ready) === 0; looks--);
    for (let looks = random.pace(MOST_LOOKS_AFTER); looks > 0; looks--) kvm.memory.load32(ready);
  };
  return {
    step() {
      let token = cpu.load32(TOKEN);
      while (token === 0) {
        cpu.relax();
        token = cpu.load32(TOKEN);
      }
      comeCloseToReady();
      // An exit in the middle of going to sleep gives the wake-up time to come there. Not where an engine
      // chooses whose step comes next.
      if (random.pace(2) === 0) {
        ledger.store32(AWAY, (token + 1) >>> 0);
        cpu.exitWithin(16);
      }
      slept.value = 0;
      cpu.cli();
      const meanwhile = (): void => {
        slept.value = 1;
      };
      sleepOn(thread, watch, { token, task: 0, meanwhile });
      cpu.sti();
      outcome(slept.value !== 0 ? WOKEN : NO_SLEEP);
      // What it did of its dummy before it says that it is awake: pairs with the barrier in `fault`.
      cpu.wmb();
      cpu.store32(TOKEN, 0);
    },
  };
}
