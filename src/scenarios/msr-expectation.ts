import type { MsrRow } from '../abi/msr.ts';
import { MSRS } from '../abi/msr.ts';

/**
 * What RDMSR must answer, by the table of MSRs alone: the registers of one vCPU as its own writes have
 * left them. Without enforcement of CPUID, with a LAPIC in the kernel. Fact sheet 1.10.
 */
export class MsrExpectation {
  readonly #values = new Map<string, bigint>();
  readonly #isBacked: (gpa: bigint, bytes: number) => boolean;

  constructor(isBacked: (gpa: bigint, bytes: number) => boolean) {
    this.#isBacked = isBacked;
    for (const row of MSRS) this.#values.set(registerOf(row), row.resetValue);
  }

  /** Notes a write. Returns whether it must be accepted. */
  write(row: MsrRow, value: bigint): boolean {
    if ((value & row.reservedMask) !== 0n) return false;
    const enabled = row.enableMask !== 0n && (value & row.enableMask) === row.enableMask;
    const bound = row.boundBytes > 0 && enabled;
    const accepted = !bound || this.#isBacked(value & row.addressMask, row.boundBytes);
    if (accepted || row.storedBeforeBinding) this.#values.set(registerOf(row), value);
    return accepted;
  }

  read(row: MsrRow): bigint {
    return row.readsBack ? this.#values.get(registerOf(row))! : 0n;
  }
}

/** The two names of one register are one. */
function registerOf({ index, alias = index }: MsrRow): string {
  return `${Math.min(index, alias)}`;
}
