/** A LOCK-prefixed access to an address that is not a multiple of its size (a split lock). */
export class MisalignedLockedAccess extends Error {
  override readonly name = 'MisalignedLockedAccess';
  constructor(bytes: number, address: number) {
    super(
      `Expected a locked ${bytes * 8}-bit operation at a multiple of ${bytes}, got address 0x${address.toString(16)}. Align the word it works on.`,
    );
  }
}

/** A guest access to a guest-physical address that no memslot backs. */
export class UnbackedGpa extends Error {
  override readonly name = 'UnbackedGpa';
  readonly gpa: number;
  constructor(gpa: number, bytes: number, ram: string) {
    super(
      `Expected an address in guest RAM (${ram}), got a ${bytes * 8}-bit access to GPA ${formatGpa(gpa)}. Use the addresses that the role receives in \`at\`.`,
    );
    this.gpa = gpa;
  }
}

function formatGpa(gpa: number): string {
  return Number.isSafeInteger(gpa) && gpa >= 0 ? `0x${gpa.toString(16)}` : String(gpa);
}
