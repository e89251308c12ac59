import type { Gpa } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm } from './kvm.ts';

/**
 * 32 bits of guest memory at any address, or undefined where a byte of them is not backed.
 * Source: `kvm_read_guest`.
 */
export function readGuest32(kvm: Kvm, gpa: Gpa): number | undefined {
  const whole = kvm.cpu.translate(gpa, 4);
  if (whole !== UNBACKED) return kvm.memory.load32(whole);
  let value = 0;
  for (let byte = 0; byte < 4; byte++) {
    const address = kvm.cpu.translate(gpa + byte, 1);
    if (address === UNBACKED) return undefined;
    value |= kvm.memory.load8(address) << (byte * 8);
  }
  return value >>> 0;
}

/**
 * Stores 32 bits at any address. Where memory ends in the middle, what came before stays written.
 * Returns whether all of it was. Source: `kvm_write_guest`.
 */
export function writeGuest32(kvm: Kvm, gpa: Gpa, value: number): boolean {
  const whole = kvm.cpu.translate(gpa, 4);
  if (whole !== UNBACKED) {
    kvm.memory.store32(whole, value);
    return true;
  }
  for (let byte = 0; byte < 4; byte++) {
    const address = kvm.cpu.translate(gpa + byte, 1);
    if (address === UNBACKED) return false;
    kvm.memory.store8(address, (value >>> (byte * 8)) & 0xff);
  }
  return true;
}
