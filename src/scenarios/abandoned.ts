import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';
import type { HostThread } from './scenario.ts';

/** What abandoned memory is filled with: no byte of it is one that a host would write. */
const PATTERN = 0xa5c3e1d7;

/** A piece of guest memory that the host has been told to leave alone. */
export interface Abandoned {
  /** What it was, for messages: `steal time area`. */
  readonly name: string;
  readonly gpa: Gpa;
  /** A multiple of 4. */
  readonly bytes: number;
}

/** Uses the memory for something else. */
export function reuse(cpu: Vcpu, { gpa, bytes }: Abandoned): void {
  for (let at = gpa; at < gpa + bytes; at += 4) cpu.store32(at, PATTERN);
}

/** M1: the memory is as {@link reuse} has left it. */
export function checkUntouched({ violated }: HostThread, cpu: Vcpu, abandoned: Abandoned): void {
  const { name, gpa, bytes } = abandoned;
  for (let offset = 0; offset < bytes; offset += 4) {
    const seen = cpu.load32(gpa + offset);
    if (seen === PATTERN) continue;
    violated('M1', `The ${name} of vCPU ${cpu.id} had been given up, and was written.`, [
      `bytes ${offset} to ${offset + 3} went from 0x${PATTERN.toString(16)} to 0x${seen.toString(16)}`,
    ]);
  }
}
