import { KVM_ASYNC_PF_TOKEN_WAKE_ALL } from '../abi/kvm-vcpu-pv-apf-data.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import type { PageReadyAddresses, PageWait, SleeperTable } from './roles.ts';

/** A bucket: its lock, then its first node. */
export const BUCKET_FIRST = 4;
export const BUCKET_BYTES = 8;

/** `struct kvm_task_sleep_node`, and the state of the task. 32-bit words. */
export const NODE_NEXT = 0;
export const NODE_TOKEN = 4;
/** The vCPU that the task sleeps on. */
export const NODE_VCPU = 8;
/** 1 while the node is in its bucket. */
export const NODE_LINKED = 12;
export const NODE_STATE = 16;
/** 1 for a dummy that is allocated: its token was ready before anybody slept on it. */
export const NODE_IN_USE = 20;
export const NODE_BYTES = 32;

/** `TASK_RUNNING`, `TASK_UNINTERRUPTIBLE`. */
export const TASK_RUNNING = 0;
export const TASK_SLEEPS = 2;

const GOLDEN_RATIO_32 = 0x61c8_8647;

/** The bucket of a token. Source: `hash_32`. */
export function bucketOf({ buckets, bucketCount }: SleeperTable, token: number): Gpa {
  const bits = 31 - Math.clz32(bucketCount);
  return buckets + (Math.imul(token, GOLDEN_RATIO_32) >>> (32 - bits)) * BUCKET_BYTES;
}

/** Source: `raw_spin_lock`. Interrupts are off. */
export function lockBucket(cpu: Vcpu, bucket: Gpa): void {
  while (cpu.lockCmpxchg32(bucket, 0, 1) !== 0) cpu.relax();
}

export function unlockBucket(cpu: Vcpu, bucket: Gpa): void {
  // What was done under the lock before the lock is free: pairs with the cmpxchg in lockBucket.
  cpu.wmb();
  cpu.store32(bucket, 0);
}

/** The node of a token, or 0. The caller has the lock. Source: `_find_apf_task`. */
export function findNode(cpu: Vcpu, bucket: Gpa, token: number): Gpa {
  let node = cpu.load32(bucket + BUCKET_FIRST);
  while (node !== 0 && cpu.load32(node + NODE_TOKEN) !== token) node = cpu.load32(node + NODE_NEXT);
  return node;
}

/** Puts a node in front. The caller has the lock. */
export function linkNode(cpu: Vcpu, bucket: Gpa, node: Gpa): void {
  cpu.store32(node + NODE_NEXT, cpu.load32(bucket + BUCKET_FIRST));
  cpu.store32(node + NODE_LINKED, 1);
  cpu.store32(bucket + BUCKET_FIRST, node);
}

/** Takes a node out. The caller has the lock. */
export function unlinkNode(cpu: Vcpu, bucket: Gpa, node: Gpa): void {
  const next = cpu.load32(node + NODE_NEXT);
  let place = bucket + BUCKET_FIRST;
  for (;;) {
    const at = cpu.load32(place);
    if (at === node) break;
    place = at + NODE_NEXT;
  }
  cpu.store32(place, next);
  cpu.store32(node + NODE_LINKED, 0);
}

/** Sleeps until the token is woken. Source: `kvm_async_pf_task_wait_schedule`. */
export function waitForPage(cpu: Vcpu, at: PageWait): void {
  if (queueSleeper(cpu, at)) sleepUntilUnlinked(cpu, at);
}

/** Whether there is something to wait for. Source: `kvm_async_pf_queue_task`. */
export function queueSleeper(cpu: Vcpu, { token, sleepers, node }: PageWait): boolean {
  const bucket = bucketOf(sleepers, token);
  lockBucket(cpu, bucket);
  const dummy = findNode(cpu, bucket, token);
  if (dummy !== 0) {
    // The wake-up came first.
    unlinkNode(cpu, bucket, dummy);
    unlockBucket(cpu, bucket);
    cpu.store32(dummy + NODE_IN_USE, 0);
    return false;
  }
  cpu.store32(node + NODE_TOKEN, token);
  cpu.store32(node + NODE_VCPU, cpu.id);
  linkNode(cpu, bucket, node);
  unlockBucket(cpu, bucket);
  return true;
}

/** Source: `kvm_async_pf_task_wait_schedule`, its loop. */
export function sleepUntilUnlinked(cpu: Vcpu, { node, schedule }: PageWait): void {
  for (;;) {
    cpu.store32(node + NODE_STATE, TASK_SLEEPS);
    // The state before the look at the link: pairs with the locked cmpxchg in wakeNode, which comes
    // after the node is unlinked. One of the two sees the other.
    cpu.mb();
    if (cpu.load32(node + NODE_LINKED) === 0) break;
    schedule(cpu);
  }
  cpu.store32(node + NODE_STATE, TASK_RUNNING);
}

/** Wakes who sleeps on a token, or on this vCPU at all. Source: `kvm_async_pf_task_wake`. */
export function wakeSleepers(cpu: Vcpu, at: PageReadyAddresses, token: number): void {
  if (token === KVM_ASYNC_PF_TOKEN_WAKE_ALL) wakeAllSleepers(cpu, at);
  else wakeSleeper(cpu, at, token);
}

function wakeSleeper(cpu: Vcpu, at: PageReadyAddresses, token: number): void {
  const { sleepers } = at;
  const bucket = bucketOf(sleepers, token);
  let dummy = 0;
  do {
    if (wakeQueued(cpu, at, bucket, token)) return;
    // Allocating is not for whoever holds a raw spinlock.
    unlockBucket(cpu, bucket);
    dummy = allocateDummy(cpu, sleepers, token);
  } while (dummy === 0);
  // Again after the lock was given up: the sleeper may have come meanwhile.
  if (wakeQueued(cpu, at, bucket, token)) {
    cpu.store32(dummy + NODE_IN_USE, 0);
    return;
  }
  linkNode(cpu, bucket, dummy);
  unlockBucket(cpu, bucket);
}

/** Wakes who is queued by this token. Where nobody is, the bucket stays locked. */
function wakeQueued(cpu: Vcpu, at: PageReadyAddresses, bucket: Gpa, token: number): boolean {
  lockBucket(cpu, bucket);
  const node = findNode(cpu, bucket, token);
  if (node === 0) return false;
  wakeNode(cpu, at, bucket, node);
  unlockBucket(cpu, bucket);
  return true;
}

/** A node that stands for a wake-up without a sleeper, or 0 if there is none: then the caller tries again. */
export function allocateDummy(cpu: Vcpu, sleepers: SleeperTable, token: number): Gpa {
  for (let index = 0; index < sleepers.dummyCount; index++) {
    const dummy = sleepers.dummies + index * NODE_BYTES;
    if (cpu.lockCmpxchg32(dummy + NODE_IN_USE, 0, 1) !== 0) continue;
    cpu.store32(dummy + NODE_TOKEN, token);
    cpu.store32(dummy + NODE_VCPU, cpu.id);
    return dummy;
  }
  cpu.relax();
  return 0;
}

/** Takes a node out of its bucket and lets its task run. The caller has the lock. Source: `apf_task_wake_one`. */
export function wakeNode(cpu: Vcpu, at: PageReadyAddresses, bucket: Gpa, node: Gpa): void {
  const vcpu = cpu.load32(node + NODE_VCPU);
  unlinkNode(cpu, bucket, node);
  // After it is unlinked: pairs with the barrier in sleepUntilUnlinked. From here on the node may be gone.
  const slept = cpu.lockCmpxchg32(node + NODE_STATE, TASK_SLEEPS, TASK_RUNNING);
  if (slept === TASK_SLEEPS && vcpu !== cpu.id) at.reschedule(cpu, vcpu);
}

/** Source: `apf_task_wake_all`. */
export function wakeAllSleepers(cpu: Vcpu, at: PageReadyAddresses): void {
  const { buckets, bucketCount } = at.sleepers;
  for (let index = 0; index < bucketCount; index++) {
    const bucket = buckets + index * BUCKET_BYTES;
    lockBucket(cpu, bucket);
    let node = cpu.load32(bucket + BUCKET_FIRST);
    while (node !== 0) {
      const next = cpu.load32(node + NODE_NEXT);
      // Tasks of other vCPUs are woken by the tokens of those.
      if (cpu.load32(node + NODE_VCPU) === cpu.id) wakeNode(cpu, at, bucket, node);
      node = next;
    }
    unlockBucket(cpu, bucket);
  }
}
