import { layOut, layOutRow, wholeCacheLines } from '../memory/record.ts';

/** Page faults that one vCPU may have under way (`ASYNC_PF_PER_VCPU`), a power of two. */
export const ASYNC_PF_PER_VCPU = 64;
/** Work items of a vCPU: one for each page fault, and one "wake all", which needs no page. */
export const ASYNC_PF_ITEMS = ASYNC_PF_PER_VCPU + 1;

/** Where a work item is, as the workqueue sees it. */
export const WORK_IDLE = 0;
export const WORK_PENDING = 1;
export const WORK_RUNNING = 2;

/** No work item; no place in the list. */
export const NO_WORK = 0;

/** `struct kvm_async_pf`: a page that a worker brings in. */
export const ASYNC_PF_WORK = layOutRow({
  /** `WORK_*`: between the vCPU, which schedules and cancels, and the workers. */
  state: 4,
  /** The item after it in the list of what is done. */
  next: 4,
  allocated: 4,
  /** Whose it is: host address of the vCPU record. */
  vcpu: 4,
  /** Page number of the guest-physical address. */
  gfn: 4,
  token: 4,
  /** 1 where the guest was told that the page is not present, and so is to be told that it is ready. */
  notPresentInjected: 4,
  /** 1 for the item that wakes all sleepers of the vCPU. */
  wakeupAll: 4,
  /** How often the item has been allocated: for whoever checks that nobody uses it after that. */
  generation: 4,
});

const FIELDS = layOut({
  // Shared with the workers (`vcpu->async_pf`).
  lock: 4,
  /** List of what is done, oldest first. */
  doneHead: 4,
  doneTail: 4,
  /** 1 from the page-ready that was delivered to the acknowledgement (`apf.pageready_pending`). */
  pageReadyPending: 4,

  // The vCPU's own (`vcpu->async_pf.queued`, `vcpu->arch.apf`).
  queued: 4,
  /** 1 past the last item that was ever allocated. */
  items: 4,
  /** 1 while the vCPU is halted because a page is missing. */
  halted: 4,
  /** Number of the next token. */
  id: 4,
  /** Vector of page-ready. */
  vector: 4,
  sendAlways: 4,
  deliveryAsPfVmexit: 4,
  /** 1 where the area of ASYNC_PF_EN was backed when it was written. */
  bound: 4,
});

const GFN_BYTES = 4;

/** What each vCPU has for its asynchronous page faults. Offsets from `VCPU.asyncPf`. */
export const ASYNC_PF = {
  ...FIELDS,
  /** Hash table of the pages under way: page number plus one, 0 for an empty slot (`apf.gfns`). */
  gfns: FIELDS.bytes,
  work: FIELDS.bytes + ASYNC_PF_PER_VCPU * GFN_BYTES,
  bytes: wholeCacheLines(
    FIELDS.bytes + ASYNC_PF_PER_VCPU * GFN_BYTES + ASYNC_PF_ITEMS * ASYNC_PF_WORK.bytes,
  ),
};
