import {
  KVM_ASYNC_PF_ACKNOWLEDGE,
  KVM_ASYNC_PF_TOKEN_VCPU_BITS,
  KVM_PV_REASON_PAGE_READY,
  KVM_VCPU_PV_APF_DATA_FLAGS,
  MSR_KVM_ASYNC_PF_EN,
} from '../abi/index.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { pageNotPresent } from '../guest/async-page-fault.ts';
import { wakeSleepers } from '../guest/async-page-fault-sleepers.ts';
import type { PageFaultAddresses } from '../guest/roles.ts';
import { asyncPfGfnHash } from '../host/async-page-fault-gfns.ts';
import {
  ASYNC_PF,
  ASYNC_PF_PER_VCPU,
  ASYNC_PF_WORK,
  WORK_IDLE,
  WORK_PENDING,
} from '../host/async-page-fault-records.ts';
import { type HostOps, referenceHost } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { MSR_OK } from '../host/msr-result.ts';
import { VCPU } from '../host/records.ts';
import { KVM_REQ_APF_READY } from '../host/requests.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { pageStory } from './page-story.ts';

const PAGE_BYTES = 4096;

const recordOf = (kvm: Kvm, vcpu: VcpuRecord): HostAddress =>
  kvm.memory.load32(vcpu + VCPU.asyncPf);

/** Z-A1: a token may be 0. */
const tokenMayBeZero: HostOps['nextAsyncPfToken'] = (kvm, vcpu) => {
  const { memory } = kvm;
  const id = memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.id);
  memory.store32(recordOf(kvm, vcpu) + ASYNC_PF.id, (id + 1) >>> 0);
  return ((id << KVM_ASYNC_PF_TOKEN_VCPU_BITS) | memory.load32(vcpu + VCPU.id)) >>> 0;
};

/** Z-A2: page-ready is sent for every page. */
const alwaysReady: HostOps['asyncPagePresent'] = (kvm, vcpu, work) => {
  kvm.memory.store32(work + ASYNC_PF_WORK.notPresentInjected, 1);
  referenceHost.asyncPagePresent(kvm, vcpu, work);
};

/** Z-A4: neither side has its full barrier. */
const readyWithoutBarrier: HostOps['asyncPageReadyQueued'] = (kvm, vcpu) => {
  const { memory, ops } = kvm;
  ops.makeRequest(kvm, vcpu, KVM_REQ_APF_READY);
  if (memory.load32(recordOf(kvm, vcpu) + ASYNC_PF.pageReadyPending) === 0) ops.kickVcpu(kvm, vcpu);
};
const acknowledgeWithoutBarrier: HostOps['writeAsyncPfAck'] = (kvm, vcpu, value) => {
  if ((value & KVM_ASYNC_PF_ACKNOWLEDGE) === 0n) return MSR_OK;
  kvm.memory.store32(recordOf(kvm, vcpu) + ASYNC_PF.pageReadyPending, 0);
  kvm.ops.checkAsyncPfCompletion(kvm, vcpu);
  return MSR_OK;
};

/** Z-A11, Z-A12: page-ready is a #PF too, with its reason in the flags and the token in CR2. */
const readyByPageFault: HostOps['asyncPagePresent'] = (kvm, vcpu, work) => {
  const { memory, ops } = kvm;
  const wakeupAll = memory.load32(work + ASYNC_PF_WORK.wakeupAll) !== 0;
  if (!wakeupAll) ops.deleteAsyncPfGfn(kvm, vcpu, memory.load32(work + ASYNC_PF_WORK.gfn));
  const area = ops.asyncPfArea(kvm, vcpu);
  if (memory.load32(work + ASYNC_PF_WORK.notPresentInjected) !== 0 && area !== UNBACKED) {
    memory.store32(area + KVM_VCPU_PV_APF_DATA_FLAGS, KVM_PV_REASON_PAGE_READY);
    ops.queuePageFault(kvm, vcpu, memory.load32(work + ASYNC_PF_WORK.token));
  }
  ops.makeRunnable(kvm, vcpu);
};
function takeReadyByPageFault(cpu: Vcpu, at: PageFaultAddresses): number {
  const flags = at.area + KVM_VCPU_PV_APF_DATA_FLAGS;
  if (cpu.load32(flags) !== KVM_PV_REASON_PAGE_READY) return pageNotPresent(cpu, at);
  cpu.store32(flags, 0);
  wakeSleepers(cpu, at, at.cr2);
  return 0;
}

/** As long as the guest has interrupts off nothing is to look at the list. */
const kickOnly: HostOps['asyncPageReadyQueued'] = (kvm, vcpu) => {
  kvm.memory.mb();
  kvm.ops.kickVcpu(kvm, vcpu);
};

/** Nobody acknowledges a #PF: the host looks for what is done at every entry. */
const lookAtEveryEntry: HostOps['serveRequests'] = (kvm, vcpu, guest) => {
  referenceHost.serveRequests(kvm, vcpu, guest);
  if (guest.interruptFlag) kvm.ops.checkAsyncPfCompletion(kvm, vcpu);
};

/** Z-A13: whether the list is empty is looked at without its lock. */
const firstOutsideTheLock: HostOps['executeAsyncPfWork'] = (kvm, work) => {
  const { memory, ops } = kvm;
  const vcpu = memory.load32(work + ASYNC_PF_WORK.vcpu);
  ops.faultInPage(kvm, memory.load32(work + ASYNC_PF_WORK.gfn) * PAGE_BYTES);
  const first = ops.asyncPfDoneEmpty(kvm, vcpu);
  ops.lockAsyncPf(kvm, vcpu);
  ops.appendAsyncPfDone(kvm, vcpu, work);
  ops.unlockAsyncPf(kvm, vcpu);
  if (first) ops.asyncPageReadyQueued(kvm, vcpu);
  memory.mb();
  ops.wakeHaltedVcpu(kvm, vcpu);
};

/** Z-A15: an item that a worker is at is taken for cancelled, and freed. */
const cancelWithoutWaiting: HostOps['cancelAsyncPfWork'] = (kvm, work) => {
  const state = work + ASYNC_PF_WORK.state;
  if (kvm.memory.lockCmpxchg32(state, WORK_PENDING, WORK_IDLE) === WORK_PENDING) return true;
  return kvm.memory.load32(state) !== WORK_IDLE;
};

/** Z-A17: the work is queued before it says whether the guest was told, and its worker looks. */
const toldTooLate: HostOps['startAsyncPf'] = (kvm, vcpu, guest, work) => {
  kvm.ops.scheduleAsyncPfWork(kvm, work);
  const injected = kvm.ops.asyncPageNotPresent(kvm, vcpu, guest, work);
  kvm.memory.store32(work + ASYNC_PF_WORK.notPresentInjected, injected ? 1 : 0);
};
const workerKeepsWhatItSaw: HostOps['executeAsyncPfWork'] = (kvm, work) => {
  const told = kvm.memory.load32(work + ASYNC_PF_WORK.notPresentInjected);
  kvm.ops.faultInPage(kvm, kvm.memory.load32(work + ASYNC_PF_WORK.gfn) * PAGE_BYTES);
  kvm.memory.store32(work + ASYNC_PF_WORK.notPresentInjected, told);
  referenceHost.executeAsyncPfWork(kvm, work);
};

/** Z-A18: the gap stays, and ends the search for pages behind it. */
const deleteWithoutShift: HostOps['deleteAsyncPfGfn'] = (kvm, vcpu, gfn) => {
  const slots = recordOf(kvm, vcpu) + ASYNC_PF.gfns;
  for (let looks = 0, key = asyncPfGfnHash(gfn); looks < ASYNC_PF_PER_VCPU; looks++) {
    const slot = slots + ((key + looks) % ASYNC_PF_PER_VCPU) * 4;
    if (kvm.memory.load32(slot) !== gfn + 1) continue;
    kvm.memory.store32(slot, 0);
    return;
  }
};

/** Why Z-A4 breaks nothing here. */
const MASKED =
  'Masked by the locked operation that sets the request, a full barrier in every model, and by the one of the entry before it looks at the requests: whichever comes first, either the worker sees pageready_pending cleared and kicks, or the entry sees APF_READY. `verify` finds nothing under sc, tso and weak; where a plain store sets the request it falls to A1 under tso and weak.';

const common = { mechanism: 'async-page-fault', side: 'host' } as const;
const anyModel = { visibleUnder: ['sc', 'tso', 'weak'] } as const;

export const asyncPageFaultHostMutants: readonly Mutant[] = [
  {
    ...common,
    ...anyModel,
    id: 'Z-A1',
    summary:
      'A token may be 0, which is what an empty token word holds: the next one is written over it.',
    source: '6f3c1fc53d86',
    scenario: 'async-page-fault-migration',
    invariants: ['A2', 'A1'],
    controlled: pageStory('task', 'task', 'bring in'),
    host: { nextAsyncPfToken: tokenMayBeZero },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A2',
    summary: 'Page-ready is sent although no page-not-present was: nobody sleeps on that token.',
    source: '2a18b7e7cd88',
    scenario: 'async-page-fault',
    controlled: pageStory('kernel'),
    invariants: ['A3'],
    host: { asyncPagePresent: alwaysReady },
  },
  {
    ...common,
    id: 'Z-A4',
    summary:
      'No full barrier between the request and the look at pageready_pending, nor between clearing that and the look at the list.',
    source: 'mail "Fix a semi theoretical bug in kvm_arch_async_page_present_queued"',
    scenario: 'async-page-fault-acknowledge',
    invariants: ['A1', 'R1'],
    visibleUnder: [],
    notVisible: MASKED,
    notOnThreads: MASKED,
    host: {
      asyncPageReadyQueued: readyWithoutBarrier,
      writeAsyncPfAck: acknowledgeWithoutBarrier,
    },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A9',
    summary: 'The host does not look whether the guest has taken the last token.',
    source: 'constructed',
    scenario: 'async-page-fault',
    invariants: ['A2'],
    host: { pageReadySlotFree: () => true },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A11',
    summary:
      'Page-ready comes as a #PF: it meets one that says page-not-present, whose reason and CR2 are lost.',
    source: '2635b5c4a0e4',
    scenario: 'async-page-fault',
    invariants: ['A4'],
    roles: { pageNotPresent: takeReadyByPageFault },
    host: {
      asyncPagePresent: readyByPageFault,
      canDequeuePagePresent: () => true,
      asyncPageReadyQueued: kickOnly,
      serveRequests: lookAtEveryEntry,
    },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A12',
    summary:
      'Page-ready comes as a #PF, with interrupts off as well: two are pending at once, a double fault.',
    source: '9a6e7c39810e',
    scenario: 'async-page-fault',
    invariants: ['A4'],
    roles: { pageNotPresent: takeReadyByPageFault },
    host: {
      asyncPagePresent: readyByPageFault,
      canDequeuePagePresent: () => true,
    },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A13',
    summary:
      'The worker looks whether the list is empty before it takes the lock: the vCPU may empty it in between, and nobody asks it to look again.',
    source: 'constructed',
    scenario: 'async-page-fault',
    invariants: ['A1'],
    host: { executeAsyncPfWork: firstOutsideTheLock },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A15',
    summary: 'A work item is freed while its worker is still at it.',
    source: 'kvm_clear_async_pf_completion_queue of 5.13',
    scenario: 'async-page-fault-migration',
    invariants: ['A6'],
    host: { cancelAsyncPfWork: cancelWithoutWaiting },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A17',
    summary:
      'The work is queued before it is stored whether the guest was told, and the worker has looked by then.',
    source: 'constructed',
    scenario: 'async-page-fault',
    controlled: pageStory('task'),
    invariants: ['A1'],
    insteadOf: {
      invariant: 'A3',
      because:
        'a new work item says that the guest was not told, so whoever looks too early leaves a page-ready out, and never sends one too many. Without the check of A1 `verify` finds nothing.',
    },
    host: { startAsyncPf: toldTooLate, executeAsyncPfWork: workerKeepsWhatItSaw },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A18',
    summary:
      'Taking a page out of the hash leaves a gap: the search misses a page behind it, which is asked for twice.',
    source: 'constructed',
    scenario: 'async-page-fault',
    controlled: pageStory('task', 'task', 'bring in', 'same page'),
    invariants: ['A1'],
    host: { deleteAsyncPfGfn: deleteWithoutShift },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A19',
    summary:
      'The VMM does not restore ASYNC_PF_EN: no token ~0 comes, and who sleeps is never woken.',
    source: 'constructed',
    scenario: 'async-page-fault-migration',
    invariants: ['A1'],
    host: {
      saveVcpu(kvm, vcpu) {
        const saved = referenceHost.saveVcpu(kvm, vcpu);
        const msrs = saved.msrs.filter(({ index }) => index !== MSR_KVM_ASYNC_PF_EN);
        return { ...saved, msrs };
      },
    },
  },
];
