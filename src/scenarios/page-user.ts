import type { PageAction } from '../host/machine.ts';
import { faultForReal, PAGES, sleepOn, takePageFaults } from './async-page-fault-support.ts';
import type { PageFaultWatch } from './async-page-fault-watch.ts';
import { anotherHost } from './hosts.ts';
import { letWorkersBegin } from './page-fault-worker.ts';
import { returnToUser } from './return-to-user.ts';
import type { Choices, VcpuThread } from './scenario.ts';
import { takeBack } from './take-back.ts';

/** Places in `PAGE_FAULT_OUTCOMES`. */
export type PageOutcome = 0 | 1 | 2;
const SLEPT = 0;
const HALTED = 1;
const PRESENT = 2;

/**
 * Has the vCPU take page faults; what is returned has its tasks use pages that are missing, by the
 * machine's {@link PageAction}s or as drawn.
 *
 * @param workers where the ledger has what vCPUs and workers tell each other
 */
export function pageUser(
  thread: VcpuThread,
  watch: PageFaultWatch,
  workers: number,
  endInterrupt?: () => void,
): () => PageOutcome {
  const { cpu, kvm, vcpu, ledger, machine, random } = thread;
  const drawn: PageAction[] = [];
  let actions = machine.pageActions;
  const begun = watch.actionsBegun(cpu.id);
  const asleep = watch.tasksAsleep(cpu.id);
  const slept = watch.hasSlept(cpu.id);
  const latest = watch.latestPage(cpu.id);
  const use = (page: number, userMode: boolean): void => {
    const before = cpu.userMode;
    cpu.userMode = userMode;
    cpu.touch(page);
    cpu.userMode = before;
  };
  const useMissing = (userMode: boolean): void => {
    const page = PAGES[(asleep.value + random.pace(PAGES.length)) % PAGES.length]!;
    slept.value = 0;
    latest.value = page;
    kvm.ops.swapOutPage(kvm, page);
    use(page, userMode);
  };
  const take: Record<PageAction, () => void> = {
    task: () => useMissing(true),
    kernel: () => useMissing(false),
    'same page': () => use(latest.value, false),
    'own fault': () => faultForReal(cpu),
    restore: () => returnToUser(thread, () => takeBack(kvm, vcpu)),
    move: () => returnToUser(thread, () => kvm.ops.migrate(kvm, anotherHost(thread))),
    'bring in': () => {
      cpu.exitToUser(() => {
        kvm.ops.runAsyncPfWorker(kvm);
        // Before the entry that delivers this page: what is done next races with that.
        letWorkersBegin(ledger, workers);
      });
    },
  };
  // Those that a task's sleep leaves over are taken when it is awake.
  const meanwhile = (): void => {
    while (begun.value < actions.length) take[actions[begun.value++]!]();
  };
  const sleep = (token: number): void => {
    const task = asleep.value++;
    sleepOn(thread, watch, { token, task, meanwhile });
    asleep.value--;
    slept.value = 1;
  };
  takePageFaults(thread, watch, sleep, endInterrupt);
  return () => {
    // Never where an engine chooses exits by itself.
    if (random.pace(4) === 0) cpu.exitWithin(16);
    if (machine.pageActions.length === 0) actions = draw(random, drawn);
    begun.value = 0;
    slept.value = 0;
    meanwhile();
    if (slept.value !== 0) return SLEPT;
    return actions[0] === 'task' ? PRESENT : HALTED;
  };
}

/** One page or two, used by tasks or by the kernel, and faults of the guest's own. */
function draw(random: Choices, actions: PageAction[]): readonly PageAction[] {
  actions.length = 0;
  actions.push(random.below(4) === 0 ? 'kernel' : 'task');
  if (random.sometimes(2)) actions.push(random.pace(4) === 0 ? 'kernel' : 'task');
  if (random.sometimes(4)) actions.push('own fault');
  return actions;
}
