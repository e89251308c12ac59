import { KVM_ASYNC_PF_TOKEN_VCPU_BITS, KVM_ASYNC_PF_TOKEN_WAKE_ALL } from '../abi/index.ts';
import { KVM_VCPU_PV_APF_DATA_TOKEN } from '../abi/kvm-vcpu-pv-apf-data.ts';
import { HYPERVISOR_CALLBACK_VECTOR } from '../abi/vector.ts';
import { NODE_STATE, TASK_SLEEPS } from '../guest/async-page-fault-sleepers.ts';
import { ASYNC_PF, ASYNC_PF_WORK, WORK_IDLE } from '../host/async-page-fault-records.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { somethingWaits, timesUnderWay } from './async-page-fault-looks.ts';
import { Remembered } from './remembered.ts';
import type { HostThread } from './scenario.ts';

/** Ledger of one vCPU. Page faults that a worker is still to finish with. */
const UNDER_WAY = 0;
/** The token of the #PF that the guest is still to take, plus 1; the one last written into the token word. */
const INJECTED = 4;
const READY = 8;
/** The last token whose page-ready handler is through, plus 1. */
const HANDLED = 12;
/** What a task of this vCPU sleeps on, plus 1, and its node; 0 where none sleeps. */
const AWAITED = 16;
const NODE = 20;
/** Tokens that were injected and are not ready yet, plus 1. */
const OUTSTANDING = 24;
const MOST_OUTSTANDING = 10;
/** Of the program: its tasks that are asleep; whether one has slept since this was last 0. */
const ASLEEP = 64;
const SLEPT = 68;
/** Of what it does with pages how much it has begun, and the page it has used last. */
const BEGUN = 72;
const LATEST = 76;
/** Whether it was halted for a page when nothing was under way but what is done already. */
const HALTED_FOR_DONE = 80;
const STRIDE = 128;

/** Ledger bytes for up to 64 vCPUs. */
export const PAGE_FAULT_BYTES = 64 * STRIDE;

const VCPU_OF_TOKEN = (1 << KVM_ASYNC_PF_TOKEN_VCPU_BITS) - 1;
const hex = (token: number): string => `0x${token.toString(16)}`;

/** What the checker knows of the asynchronous page faults of one thread's scenario. */
export class PageFaultWatch {
  readonly #thread: HostThread;
  readonly #base: number;
  /** Whether the guest that requests are being served for has its interrupts off. */
  #interruptsOff = false;

  constructor(thread: HostThread, base: number) {
    this.#thread = thread;
    this.#base = base;
  }

  /** Tasks of the vCPU that are asleep, as its program counts them. */
  tasksAsleep(vcpu: number): Remembered {
    return new Remembered(this.#thread.ledger, this.#at(vcpu) + ASLEEP);
  }
  /** Whether one has slept, as its program notes it: 0 or 1. */
  hasSlept(vcpu: number): Remembered {
    return new Remembered(this.#thread.ledger, this.#at(vcpu) + SLEPT);
  }

  /** How many of its actions around missing pages the program has begun. */
  actionsBegun(vcpu: number): Remembered {
    return new Remembered(this.#thread.ledger, this.#at(vcpu) + BEGUN);
  }
  /** The page that its tasks have used last. */
  latestPage(vcpu: number): Remembered {
    return new Remembered(this.#thread.ledger, this.#at(vcpu) + LATEST);
  }

  /** The token of the #PF that the host has injected and the guest takes now; undefined for none. */
  takeInjected(vcpu: number): number | undefined {
    const { ledger } = this.#thread;
    const injected = ledger.load32(this.#at(vcpu) + INJECTED);
    ledger.store32(this.#at(vcpu) + INJECTED, 0);
    return injected === 0 ? undefined : injected - 1;
  }
  /** The token that the last page-ready has. */
  ready(vcpu: number): number {
    return this.#thread.ledger.load32(this.#at(vcpu) + READY);
  }
  /** The guest's handler of page-ready for this token is through. */
  handled(vcpu: number, token: number): void {
    this.#thread.ledger.store32(this.#at(vcpu) + HANDLED, (token + 1) >>> 0);
  }

  /** A task of the vCPU sleeps on the token while this runs. */
  asleep(vcpu: number, token: number, node: number, sleep: () => void): void {
    const { ledger } = this.#thread;
    const at = this.#at(vcpu);
    const outer = ledger.load32(at + AWAITED);
    const outerNode = ledger.load32(at + NODE);
    ledger.store32(at + NODE, node);
    ledger.store32(at + AWAITED, (token + 1) >>> 0);
    sleep();
    ledger.store32(at + AWAITED, outer);
    ledger.store32(at + NODE, outerNode);
  }

  /**
   * A1: all that could wake the task that this vCPU has asleep is over, and it sleeps. In the vCPU's own
   * context, so that nothing but what is looked at can change.
   *
   * @param entering whether an entry comes next and serves its requests; a halted vCPU ends its halt for
   * a page that is done, but for no request
   */
  checkNotForgotten(kvm: Kvm, vcpu: VcpuRecord, entering: boolean): void {
    const { ledger, violated } = this.#thread;
    const id = kvm.memory.load32(vcpu + VCPU.id);
    const awaited = ledger.load32(this.#at(id) + AWAITED);
    if (awaited === 0) return;
    const token = (awaited - 1) >>> 0;
    if (!this.isOver(token, id) || somethingWaits(kvm, vcpu)) return;
    if (entering ? kvm.memory.load32(vcpu + VCPU.requests) !== 0 : kvm.ops.pageIsDone(kvm, vcpu)) {
      return;
    }
    const elsewhere = (token & VCPU_OF_TOKEN) !== id;
    // Awake by now, but the vCPU is halted, and whoever woke it has told that all that it would be told.
    if (elsewhere && !entering) {
      violated('A1', `vCPU ${id} is halted for token ${hex(token)}, and nothing will wake it.`);
    }
    // The state last: whoever was to wake the task has done so before what was looked at above.
    const node = kvm.cpu.translate(ledger.load32(this.#at(id) + NODE), 4);
    if (kvm.memory.load32(node + NODE_STATE) !== TASK_SLEEPS) return;
    violated('A1', `A task of vCPU ${id} sleeps on token ${hex(token)}, and nothing will wake it.`);
  }

  /** The same for a vCPU that is to be halted until a page is there. */
  #checkNotHaltedForEver(kvm: Kvm, vcpu: VcpuRecord): void {
    const { ledger, violated } = this.#thread;
    const id = kvm.memory.load32(vcpu + VCPU.id);
    const line = this.#at(id);
    if (ledger.load32(line + UNDER_WAY) !== 0) return;
    if (kvm.memory.load32(vcpu + VCPU.requests) !== 0 || somethingWaits(kvm, vcpu)) return;
    // A page that is done ends the halt once. Whether the entry after that has looked at it is seen here, if
    // the vCPU comes back and nothing is done about it.
    if (kvm.ops.pageIsDone(kvm, vcpu) && ledger.load32(line + HALTED_FOR_DONE) === 0) {
      ledger.store32(line + HALTED_FOR_DONE, 1);
      return;
    }
    violated('A1', `vCPU ${id} is halted for a page that no worker brings in.`);
  }

  /** Whether all that could wake a task of vCPU `id` by this token has been done. */
  isOver(token: number, id: number): boolean {
    const { ledger } = this.#thread;
    const faulting = token & VCPU_OF_TOKEN;
    // A task that moved here is woken by the vCPU that its page fault was on.
    if (faulting !== id) return ledger.load32(this.#at(faulting) + HANDLED) === (token + 1) >>> 0;
    return ledger.load32(this.#at(id) + UNDER_WAY) === 0;
  }

  #at(vcpu: number): number {
    return this.#base + vcpu * STRIDE;
  }

  /** Wraps the host's operations with looks of their own: A1 to A6. */
  instrument(ops: HostOps): HostOps {
    const { ledger, violated } = this.#thread;
    const idOf = (kvm: Kvm, vcpu: VcpuRecord): number => kvm.memory.load32(vcpu + VCPU.id);
    const lineOf = (kvm: Kvm, vcpu: VcpuRecord): number => this.#at(idOf(kvm, vcpu));
    return {
      ...ops,
      serveRequests: (kvm, vcpu, guest) => {
        this.#interruptsOff = !guest.interruptFlag;
        ops.serveRequests(kvm, vcpu, guest);
        this.#interruptsOff = false;
      },
      setupAsyncPf: (kvm, vcpu, guest, gfn) => {
        const line = lineOf(kvm, vcpu);
        ledger.add32(line + UNDER_WAY, 1);
        ledger.store32(line + HALTED_FOR_DONE, 0);
        const setUp = ops.setupAsyncPf(kvm, vcpu, guest, gfn);
        if (!setUp) ledger.add32(line + UNDER_WAY, -1);
        return setUp;
      },
      addAsyncPfGfn: (kvm, vcpu, gfn) => {
        if (timesUnderWay(kvm, vcpu, gfn) > 1) {
          violated('A1', `Page ${gfn} was asked for while it was under way already.`);
        }
        ops.addAsyncPfGfn(kvm, vcpu, gfn);
      },
      queuePageFault: (kvm, vcpu, token) => {
        if (kvm.memory.load32(vcpu + VCPU.pendingPageFault) !== 0) {
          violated('A4', `A #PF was queued for vCPU ${idOf(kvm, vcpu)} while another one waits.`);
        }
        if (this.#interruptsOff) {
          // Its handler takes locks that whoever has interrupts off may hold.
          violated('A4', `A #PF was queued for vCPU ${idOf(kvm, vcpu)}, which has interrupts off.`);
        }
        ops.queuePageFault(kvm, vcpu, token);
      },
      asyncPageNotPresent: (kvm, vcpu, guest, work) => {
        const told = ops.asyncPageNotPresent(kvm, vcpu, guest, work);
        if (told) {
          const token = kvm.memory.load32(work + ASYNC_PF_WORK.token);
          this.#noteInjected(lineOf(kvm, vcpu), token);
        }
        return told;
      },
      asyncPagePresent: (kvm, vcpu, work) => {
        ledger.store32(lineOf(kvm, vcpu) + HALTED_FOR_DONE, 0);
        ops.asyncPagePresent(kvm, vcpu, work);
      },
      putPageReady: (kvm, vcpu, token) => {
        this.#checkSlot(kvm, vcpu, ops, token);
        this.#checkExpected(lineOf(kvm, vcpu), token);
        ledger.store32(lineOf(kvm, vcpu) + READY, token);
        return ops.putPageReady(kvm, vcpu, token);
      },
      raisePageReady: (kvm, vcpu) => {
        const vector = kvm.memory.load32(kvm.memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.vector);
        if (vector !== HYPERVISOR_CALLBACK_VECTOR) {
          violated('A5', `Page-ready is raised as vector ${vector}, before the guest has set one.`);
        }
        ops.raisePageReady(kvm, vcpu);
      },
      executeAsyncPfWork: (kvm, work) => {
        const generation = kvm.memory.load32(work + ASYNC_PF_WORK.generation);
        ops.executeAsyncPfWork(kvm, work);
        const allocated = kvm.memory.load32(work + ASYNC_PF_WORK.allocated) !== 0;
        if (!allocated || kvm.memory.load32(work + ASYNC_PF_WORK.generation) !== generation) {
          violated('A6', 'A work item was freed while its worker was still at it.');
        }
      },
      freeAsyncPfWork: (kvm, work) => {
        if (kvm.memory.load32(work + ASYNC_PF_WORK.allocated) === 0) {
          violated('A6', 'A work item is freed a second time: it was in the list of what is done.');
        }
        if (kvm.memory.load32(work + ASYNC_PF_WORK.state) !== WORK_IDLE) {
          violated('A6', 'A work item is freed while its worker is still at it.');
        }
        ops.freeAsyncPfWork(kvm, work);
      },
      finishAsyncPfWork: (kvm, work) => {
        // Looked up first: once the worker is done, a migration may take the vCPU apart, its id as well.
        const line = lineOf(kvm, kvm.memory.load32(work + ASYNC_PF_WORK.vcpu));
        ops.finishAsyncPfWork(kvm, work);
        ledger.add32(line + UNDER_WAY, -1);
      },
      cancelAsyncPfWork: (kvm, work) => {
        const vcpu = kvm.memory.load32(work + ASYNC_PF_WORK.vcpu);
        const cancelled = ops.cancelAsyncPfWork(kvm, work);
        // One that its worker is still at is counted by the worker.
        const idle = kvm.memory.load32(work + ASYNC_PF_WORK.state) === WORK_IDLE;
        if (cancelled && idle) ledger.add32(lineOf(kvm, vcpu) + UNDER_WAY, -1);
        return cancelled;
      },
      clearAsyncPfQueue: (kvm, vcpu) => {
        ops.clearAsyncPfQueue(kvm, vcpu);
        for (let place = 0; place < MOST_OUTSTANDING; place++)
          ledger.store32(lineOf(kvm, vcpu) + OUTSTANDING + place * 4, 0);
      },
      vcpuHasWork: (kvm, vcpu, guest) => {
        const work = ops.vcpuHasWork(kvm, vcpu, guest);
        if (!work) this.checkNotForgotten(kvm, vcpu, false);
        return work;
      },
      haltForPage: (kvm, vcpu, guest) => {
        this.#checkNotHaltedForEver(kvm, vcpu);
        ops.haltForPage(kvm, vcpu, guest);
      },
    };
  }

  #noteInjected(line: number, token: number): void {
    const { ledger } = this.#thread;
    ledger.store32(line + INJECTED, (token + 1) >>> 0);
    for (let place = 0; place < MOST_OUTSTANDING; place++) {
      const at = line + OUTSTANDING + place * 4;
      if (ledger.load32(at) !== 0) continue;
      ledger.store32(at, (token + 1) >>> 0);
      return;
    }
  }

  /** A2: the guest has taken the token before away, and its interrupt as well. */
  #checkSlot(kvm: Kvm, vcpu: VcpuRecord, ops: HostOps, token: number): void {
    const { memory } = kvm;
    const area = ops.asyncPfArea(kvm, vcpu);
    if (area === UNBACKED) return;
    const there = memory.load32(area + KVM_VCPU_PV_APF_DATA_TOKEN);
    const word = vcpu + VCPU.irr + (HYPERVISOR_CALLBACK_VECTOR >>> 5) * 4;
    const bit = 1 << (HYPERVISOR_CALLBACK_VECTOR & 31);
    if (there === 0 && (memory.load32(word) & bit) === 0) return;
    this.#thread.violated(
      'A2',
      `Token ${hex(token)} was written over ${hex(there)}, which the guest had not taken.`,
    );
  }

  /** A3: somebody was told that this page is not present. */
  #checkExpected(line: number, token: number): void {
    const { ledger, violated } = this.#thread;
    if (token === KVM_ASYNC_PF_TOKEN_WAKE_ALL) return;
    for (let place = 0; place < MOST_OUTSTANDING; place++) {
      const at = line + OUTSTANDING + place * 4;
      if (ledger.load32(at) !== (token + 1) >>> 0) continue;
      ledger.store32(at, 0);
      return;
    }
    violated('A3', `Token ${hex(token)} is ready, and no #PF had told of it.`);
  }
}
