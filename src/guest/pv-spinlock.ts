import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { freeEntry, hashNode, NO_NODE, unhashNode } from './pv-hash.ts';
import type { SpinlockAddresses } from './roles.ts';

/** The lock word: its low byte says whether it is held, its high half who came last, as a node number. */
export const _Q_LOCKED_VAL = 1;
/** Held, and the head of the queue halts: the unlocker is to look it up and kick it. */
export const _Q_SLOW_VAL = 3;
const TAIL_SHIFT = 16;

/** A vCPU's node, a cache line each. Node numbers are vCPU numbers plus one; 0 is none. */
export const PV_NODE_BYTES = 64;
const NODE_NEXT = 0;
const NODE_LOCKED = 4;

/** `enum vcpu_state`. */
export const VCPU_RUNNING = 0;
export const VCPU_HALTED = 1;
export const VCPU_HASHED = 2;

const nodeAt = (at: SpinlockAddresses, node: number): Gpa => at.nodes + (node - 1) * PV_NODE_BYTES;
/** The byte in which a node says what its vCPU does. */
export const stateOf = (at: SpinlockAddresses, node: number): Gpa => at.states + node - 1;
/** The word that tells a node that it is the head of the queue. */
export const lockedOf = (at: SpinlockAddresses, node: number): Gpa =>
  nodeAt(at, node) + NODE_LOCKED;

/** The two places where a queued vCPU may halt; twins replace one. */
export interface LockSteps {
  waitNode(cpu: Vcpu, at: SpinlockAddresses, node: number): void;
  waitHeadOrLock(cpu: Vcpu, at: SpinlockAddresses, node: number): void;
}

export const REFERENCE_STEPS: LockSteps = { waitNode, waitHeadOrLock };

/**
 * Takes the lock. Queued vCPUs halt after a while of spinning. The queue alone: no lock stealing, and
 * one lock at a time per vCPU. Source: `queued_spin_lock_slowpath`.
 */
export function spinLock(cpu: Vcpu, at: SpinlockAddresses, steps = REFERENCE_STEPS): void {
  if (cpu.lockCmpxchg32(at.lock, 0, _Q_LOCKED_VAL) === 0) return;
  const node = cpu.id + 1;
  cpu.store32(nodeAt(at, node) + NODE_NEXT, 0);
  cpu.store32(lockedOf(at, node), 0);
  cpu.store8(stateOf(at, node), VCPU_RUNNING);
  // The node before the tail that leads others to it: pairs with their store to `next`.
  cpu.wmb();
  const previous = exchangeTail(cpu, at.lock, node);
  if (previous !== 0) {
    cpu.store32(nodeAt(at, previous) + NODE_NEXT, node);
    steps.waitNode(cpu, at, node);
  }
  steps.waitHeadOrLock(cpu, at, node);
  const alone = ((node << TAIL_SHIFT) | _Q_LOCKED_VAL) >>> 0;
  if (cpu.lockCmpxchg32(at.lock, alone, _Q_LOCKED_VAL) === alone) return;
  let next = cpu.load32(nodeAt(at, node) + NODE_NEXT);
  while (next === 0) {
    cpu.relax();
    next = cpu.load32(nodeAt(at, node) + NODE_NEXT);
  }
  // Pairs with the loads of `locked` in waitNode: whatever was written before is seen by the new head.
  cpu.wmb();
  cpu.store32(lockedOf(at, next), 1);
  kickNode(cpu, at, next);
}

/** Makes `node` the tail. Returns the one before it, 0 for none. Source: `xchg_tail`. */
function exchangeTail(cpu: Vcpu, lock: Gpa, node: number): number {
  let seen = cpu.load32(lock);
  for (;;) {
    const value = ((node << TAIL_SHIFT) | (seen & 0xffff)) >>> 0;
    const old = cpu.lockCmpxchg32(lock, seen, value);
    if (old === seen) return old >>> TAIL_SHIFT;
    seen = old;
  }
}

/** Waits until the vCPU before is no longer in the queue. Source: `pv_wait_node`. */
export function waitNode(cpu: Vcpu, at: SpinlockAddresses, node: number): void {
  for (;;) {
    // A bounded spin, so no relax(): an iteration leaves a smaller bound behind.
    for (let spin = 0; spin < at.spins; spin++) if (cpu.load32(lockedOf(at, node)) !== 0) return;
    cpu.store8(stateOf(at, node), VCPU_HALTED);
    // Store buffering: the state before the look at `locked`. Pairs with the barrier in kickNode, between
    // the store of `locked` and the cmpxchg of the state.
    cpu.mb();
    if (cpu.load32(lockedOf(at, node)) === 0) {
      at.pv.wait(cpu, { byte: stateOf(at, node), value: VCPU_HALTED });
    }
    // Whoever made this one the head may have hashed it: that is to stay.
    cpu.lockCmpxchg8(stateOf(at, node), VCPU_HALTED, VCPU_RUNNING);
    if (cpu.load32(lockedOf(at, node)) !== 0) return;
  }
}

/** As the new holder: sees to it that the new head, if it halts, is kicked on unlock. Source: `pv_kick_node`. */
function kickNode(cpu: Vcpu, at: SpinlockAddresses, node: number): void {
  // Pairs with the barrier in waitNode.
  cpu.mb();
  if (cpu.lockCmpxchg8(stateOf(at, node), VCPU_HALTED, VCPU_HASHED) !== VCPU_HALTED) return;
  // In any order: the one that looks for the entry, on unlock, is this same vCPU.
  cpu.store8(at.lock, _Q_SLOW_VAL);
  hashNode(cpu, at, at.lock, node);
}

/** As the head of the queue: waits for the lock and takes it. Source: `pv_wait_head_or_lock`. */
export function waitHeadOrLock(
  cpu: Vcpu,
  at: SpinlockAddresses,
  node: number,
  announce = announceHead,
): void {
  let hashed = cpu.load8(stateOf(at, node)) === VCPU_HASHED;
  for (;;) {
    cpu.store8(stateOf(at, node), VCPU_RUNNING);
    for (let spin = 0; spin <= at.spins; spin++) if (tryLock(cpu, at.lock)) return;
    if (!hashed) {
      hashed = true;
      if (announce(cpu, at, node)) return;
    }
    cpu.store8(stateOf(at, node), VCPU_HASHED);
    at.pv.wait(cpu, { byte: at.lock, value: _Q_SLOW_VAL });
  }
}

/** Tells the holder to kick this vCPU. Returns whether the lock was free, and so is taken. */
function announceHead(cpu: Vcpu, at: SpinlockAddresses, node: number): boolean {
  const entry = hashNode(cpu, at, at.lock, node);
  // The entry before SLOW: pairs with the barrier in spinUnlock, between SLOW and the look for the entry.
  if (cpu.lockXchg8(at.lock, _Q_SLOW_VAL) !== 0) return false;
  cpu.store8(at.lock, _Q_LOCKED_VAL);
  freeEntry(cpu, entry);
  return true;
}

function tryLock(cpu: Vcpu, lock: Gpa): boolean {
  return cpu.load8(lock) === 0 && cpu.lockCmpxchg8(lock, 0, _Q_LOCKED_VAL) === 0;
}

/** Releases the lock, and kicks the head of the queue if it halts. Source: `__pv_queued_spin_unlock`. */
export function spinUnlock(cpu: Vcpu, at: SpinlockAddresses): void {
  if (cpu.lockCmpxchg8(at.lock, _Q_LOCKED_VAL, 0) === _Q_LOCKED_VAL) return;
  // SLOW before the entry: pairs with the exchange in announceHead.
  cpu.rmb();
  const node = unhashNode(cpu, at, at.lock);
  // What the critical section wrote, before the lock is free.
  cpu.wmb();
  cpu.store8(at.lock, 0);
  if (node !== NO_NODE) at.pv.kick(cpu, { vcpu: node - 1 });
}
