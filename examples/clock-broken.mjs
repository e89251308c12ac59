// A pvclock reader that trusts one look at the version: it mixes two updates of the host.

/** @type {import('pvrace').GuestRoles['readClock']} */
export function readClock(cpu, { area }) {
  while ((cpu.load32(area) & 1) !== 0) cpu.relax();
  const delta = BigInt.asUintN(64, cpu.rdtscOrdered() - cpu.load64(area + 8));
  const systemTime = cpu.load64(area + 16);
  const mul = BigInt(cpu.load32(area + 24));
  const shift = (cpu.load8(area + 28) << 24) >> 24;
  const ticks = shift < 0 ? delta >> BigInt(-shift) : BigInt.asUintN(64, delta << BigInt(shift));
  return BigInt.asUintN(64, systemTime + ((ticks * mul) >> 32n));
}
