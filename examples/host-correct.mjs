// A host of one's own: a 32-bit VMM that publishes the clock in pieces, under the version as KVM does. The
// reference scenario stays as it is; one operation of its host is replaced.
//
//   npx pvrace verify --scenario examples/host-correct.mjs    holds in every interleaving
//   npx pvrace stress --scenario examples/host-correct.mjs
import { defineScenario, findScenario } from 'pvrace';

// Of `struct pvclock_vcpu_time_info`.
const VERSION = 0;
const TSC_TIMESTAMP = 8;
const SYSTEM_TIME = 16;
const MUL = 24;
const SHIFT_AND_FLAGS = 28;

/** Two stores for 64 bits: readers may see one without the other, but not under an even version. */
function storeHalves(memory, address, value) {
  memory.store32(address, Number(BigInt.asUintN(32, value)));
  memory.store32(address + 4, Number(value >> 32n));
}

/** @type {import('pvrace').HostOps['copyClock']} */
export function copyClock(kvm, area, version, { tscTimestamp, systemTime, mul, shift, flags }) {
  const { memory } = kvm;
  memory.store32(area + VERSION, version);
  storeHalves(memory, area + TSC_TIMESTAMP, tscTimestamp);
  storeHalves(memory, area + SYSTEM_TIME, systemTime);
  memory.store32(area + MUL, mul);
  memory.store32(area + SHIFT_AND_FLAGS, ((shift & 0xff) | (flags << 8)) >>> 0);
}

export default defineScenario({
  ...findScenario('pvclock-torn-read'),
  name: 'host-correct',
  summary: 'A 32-bit VMM republishes one pvclock area while other vCPUs read it.',
  host: { copyClock },
});
