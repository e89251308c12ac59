import { KVM_HC_SEND_IPI } from '../abi/hypercall.ts';
import { HYPERVISOR_CALLBACK_VECTOR, X86_TRAP_PF } from '../abi/vector.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { NODE_STATE, TASK_SLEEPS } from '../guest/async-page-fault-sleepers.ts';
import { asyncPfGfnHash } from '../host/async-page-fault-gfns.ts';
import type { PageFaultWatch } from './async-page-fault-watch.ts';
import { asyncPfArea, SLEEPERS, sleeperNode } from './guest-map.ts';
import type { VcpuThread } from './scenario.ts';

const PAGE_BYTES = 4096;
/** Pages from here on are the tasks', up to the end of the smallest machine's RAM. */
const FIRST_GFN = 32;
const GFNS = 224;

/** Linux's RESCHEDULE_VECTOR. */
const RESCHEDULE_VECTOR = 0xfd;

/** An address that no token has: the host's are the vCPU's number in their lowest 12 bits. */
const REAL_FAULT = 0xdead_bfff;

/**
 * Pages that the host's hash of pages under way puts into the same slot, all but the last: that one's own
 * slot is the next. Looking for one passes the others.
 */
export const PAGES: readonly number[] = collidingPages(3);

function collidingPages(count: number): readonly number[] {
  const all = Array.from({ length: GFNS }, (_, index) => FIRST_GFN + index);
  for (const first of all) {
    const slot = asyncPfGfnHash(first);
    const same = all.filter((gfn) => asyncPfGfnHash(gfn) === slot).slice(0, count);
    const next = all.find((gfn) => asyncPfGfnHash(gfn) === slot + 1);
    if (same.length === count && next !== undefined)
      return [...same, next].map((gfn) => gfn * PAGE_BYTES);
  }
  throw new RangeError(`Expected ${count} of ${GFNS} pages in one slot of the hash, found fewer.`);
}

/**
 * Has the vCPU take its page faults and page-ready interrupts.
 *
 * @param onToken what the #PF handler does for a page that is not present, with interrupts off
 * @param endInterrupt how handlers end their interrupts
 */
export function takePageFaults(
  thread: VcpuThread,
  watch: PageFaultWatch,
  onToken: (token: number) => void,
  endInterrupt: () => void = () => thread.cpu.apicEoi(),
): void {
  const { cpu, roles, violated } = thread;
  const area = asyncPfArea(cpu.id);
  cpu.onInterrupt(X86_TRAP_PF, () => {
    // Known to whoever made the fault, not to the guest: a fault of its own has this address.
    const cr2 = cpu.readCr2();
    const real = cr2 === REAL_FAULT;
    const token = roles.pageNotPresent(cpu, { area, cr2, sleepers: SLEEPERS, reschedule });
    if (real && token !== 0) {
      violated('A4', `vCPU ${cpu.id} took its own page fault for token 0x${token.toString(16)}.`);
    }
    if (real) return;
    const injected = watch.takeInjected(cpu.id);
    if (injected === undefined && token === 0) return;
    if (token !== injected) {
      violated(
        'A4',
        `The #PF of ${injected === undefined ? 'no token' : `token 0x${injected.toString(16)}`} was taken for ${token === 0 ? 'a real one' : `token 0x${token.toString(16)}`}.`,
      );
    }
    onToken(token);
  });
  cpu.onInterrupt(HYPERVISOR_CALLBACK_VECTOR, () => {
    const token = watch.ready(cpu.id);
    endInterrupt();
    roles.pageReady(cpu, { area, sleepers: SLEEPERS, reschedule });
    watch.handled(cpu.id, token);
  });
  cpu.onInterrupt(RESCHEDULE_VECTOR, endInterrupt);
  enablePageFaults(thread);
}

/** Tells the host where this vCPU's area is. */
export function enablePageFaults({ cpu, machine, roles }: VcpuThread): void {
  roles.enableAsyncPageFaults(cpu, {
    area: asyncPfArea(cpu.id),
    vector: HYPERVISOR_CALLBACK_VECTOR,
    features: machine.features,
  });
}

/** The scheduler's IPI. */
function reschedule(cpu: Vcpu, vcpu: number): void {
  cpu.vmcall(KVM_HC_SEND_IPI, 1n << BigInt(vcpu), 0n, 0n, BigInt(RESCHEDULE_VECTOR));
}

/** A page fault of the guest's own. */
export function faultForReal(cpu: VcpuThread['cpu']): void {
  cpu.raisePageFault(REAL_FAULT);
}

/** A task's sleep on its token. */
export interface Sleep {
  readonly token: number;
  /** Which of the vCPU's tasks sleeps: 0 or 1. */
  readonly task: number;
  /** What the vCPU does first, once the task is asleep. */
  readonly meanwhile: () => void;
}

/** The task sleeps, with interrupts off before and after. The vCPU does something else, and then halts. */
export function sleepOn(thread: VcpuThread, watch: PageFaultWatch, sleep: Sleep): void {
  const { cpu, kvm, vcpu, roles } = thread;
  const { token, meanwhile } = sleep;
  const node = sleeperNode(cpu.id, sleep.task);
  const sleeps = (): boolean => cpu.load32(node + NODE_STATE) === TASK_SLEEPS;
  const schedule = (): void => {
    cpu.sti();
    meanwhile();
    for (;;) {
      cpu.cli();
      if (!sleeps()) return;
      const over = watch.isOver(token, cpu.id);
      cpu.safeHalt();
      // The exit and the entry of the halt were the last occasion to be told.
      if (over) watch.checkNotForgotten(kvm, vcpu, true);
    }
  };
  watch.asleep(cpu.id, token, node, () => {
    roles.waitForPage(cpu, { token, sleepers: SLEEPERS, node, schedule });
  });
}
