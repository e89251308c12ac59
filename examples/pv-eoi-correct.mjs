// A guest's end of interrupt with PV EOI. `word` is this vCPU's PV EOI word; bit 0 is the host's offer.

/** @type {import('pvrace').GuestRoles['signalEoi']} */
export function signalEoi(cpu, { word }) {
  // One instruction (BTR): if the host offered, taking the offer back is the EOI.
  if (!cpu.testAndClear(word, 0)) cpu.apicEoi();
}
