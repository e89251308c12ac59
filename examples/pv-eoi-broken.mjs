// The same in two instructions: right nearly always, and wrong when an exit comes between them.

/** @type {import('pvrace').GuestRoles['signalEoi']} */
export function signalEoi(cpu, { word }) {
  if ((cpu.load8(word) & 1) === 0) {
    cpu.apicEoi();
    return;
  }
  // Here the host may take its offer back to inject something more urgent. The store below then
  // signals an EOI that nobody looks for, and the interrupt stays in service for ever.
  cpu.store8(word, 0);
}
