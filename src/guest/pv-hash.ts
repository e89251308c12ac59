import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';

/** Where an entry says which lock it is for, and which node waits at the head of that lock's queue. */
const ENTRY_LOCK = 0;
const ENTRY_NODE = 4;
export const PV_HASH_ENTRY_BYTES = 8;

/** No entry: nobody waits. */
export const NO_NODE = 0;

/** The table that tells an unlocker whom to kick. */
export interface PvHash {
  readonly hash: Gpa;
  /** At least one for each vCPU. */
  readonly hashEntries: number;
}

/** Enters who waits for a lock. Returns the entry. Source: `pv_hash`. */
export function hashNode(cpu: Vcpu, at: PvHash, lock: Gpa, node: number): Gpa {
  for (let index = 0; ; index = (index + 1) % at.hashEntries) {
    const entry = at.hash + index * PV_HASH_ENTRY_BYTES;
    if (cpu.lockCmpxchg32(entry + ENTRY_LOCK, 0, lock) !== 0) continue;
    cpu.store32(entry + ENTRY_NODE, node);
    return entry;
  }
}

/** Takes an entry out that nobody is to look up any more. */
export function freeEntry(cpu: Vcpu, entry: Gpa): void {
  cpu.store32(entry + ENTRY_LOCK, 0);
}

/** Takes out who waits for a lock; {@link NO_NODE} where there is no entry. Source: `pv_unhash`. */
export function unhashNode(cpu: Vcpu, at: PvHash, lock: Gpa): number {
  for (let index = 0; index < at.hashEntries; index++) {
    const entry = at.hash + index * PV_HASH_ENTRY_BYTES;
    if (cpu.load32(entry + ENTRY_LOCK) !== lock) continue;
    const node = cpu.load32(entry + ENTRY_NODE);
    freeEntry(cpu, entry);
    return node;
  }
  return NO_NODE;
}
