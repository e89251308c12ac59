// A pvclock reader of one's own: the seqlock, the scale, and the fallback for an unstable TSC.

const TSC_STABLE = 1;

/** @type {import('pvrace').GuestRoles['readClock']} */
export function readClock(cpu, { area, lastValue, validFlags }) {
  let version;
  let flags;
  let time;
  do {
    version = cpu.load32(area);
    cpu.rmb();
    const delta = BigInt.asUintN(64, cpu.rdtscOrdered() - cpu.load64(area + 8));
    const systemTime = cpu.load64(area + 16);
    const mul = BigInt(cpu.load32(area + 24));
    const shift = (cpu.load8(area + 28) << 24) >> 24;
    flags = cpu.load8(area + 29);
    const ticks = shift < 0 ? delta >> BigInt(-shift) : BigInt.asUintN(64, delta << BigInt(shift));
    time = BigInt.asUintN(64, systemTime + ((ticks * mul) >> 32n));
    cpu.rmb();
  } while ((version & 1) !== 0 || cpu.load32(area) !== version);
  if ((flags & validFlags & TSC_STABLE) !== 0) return time;
  for (let last = cpu.load64(lastValue); last < time; ) {
    const seen = cpu.lockCmpxchg64(lastValue, last, time);
    if (seen === last) return time;
    last = seen;
  }
  return cpu.load64(lastValue);
}
