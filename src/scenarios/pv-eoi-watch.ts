import { NO_VECTOR } from '../cpu/hypervisor.ts';
import type { HostOps } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { APIC_WORDS, VCPU } from '../host/records.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { HostThread } from './scenario.ts';

/** Ledger of one vCPU: what the checker expects of its LAPIC. */
const DEPTH = 0;
const ENTERED_WITH = 4;
const PHASE = 8;
const SIGNALLING = 12;
/** Interrupts that the guest's handlers have begun with. */
export const HANDLED = 16;
/** Interrupts that somebody is just putting into the IRR. */
const ARRIVING = 20;
/** Ledger bytes per vCPU. */
export const WATCH_BYTES = 64;

const SYNCED = 0;
const IN_GUEST = 1;
const EXITED = 2;

/** Bits of the ISR that are set. */
function inService(kvm: Kvm, vcpu: VcpuRecord): number {
  let count = 0;
  for (let word = 0; word < APIC_WORDS; word++) {
    for (let bits = kvm.memory.load32(vcpu + VCPU.isr + word * 4); bits !== 0; bits &= bits - 1)
      count++;
  }
  return count;
}

/** Checks E6: when a VMM saves the LAPIC, no EOI of the guest is still to be taken out of its word. */
export function checkSavedIsr({ kvm, violated }: HostThread, id: number): void {
  const vcpu = kvm.vcpu(id);
  const saved = kvm.ops.savedIsr(kvm, vcpu);
  if (kvm.memory.load32(vcpu + VCPU.pvEoiPending) !== 0) {
    const words = saved.map((word) => word.toString(16)).join(' ');
    violated('E6', `The LAPIC was saved (ISR ${words}) with an offer of PV EOI outstanding.`);
  }
}

/** By the trigger mode register itself, whatever the host makes of it. */
function isLevelTriggered(kvm: Kvm, vcpu: VcpuRecord, vector: number): boolean {
  const word = kvm.memory.load32(vcpu + VCPU.tmr + (vector >>> 5) * 4);
  return (word & (1 << (vector & 31))) !== 0;
}

/** Highest vector of a bitmap, or `NO_VECTOR`. */
function highestIn(kvm: Kvm, bitmap: number): number {
  for (let word = APIC_WORDS - 1; word >= 0; word--) {
    const bits = kvm.memory.load32(bitmap + word * 4);
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits);
  }
  return NO_VECTOR;
}

/** Highest vector whose ISR bit is set, or `NO_VECTOR`. */
function highestInService(kvm: Kvm, vcpu: VcpuRecord): number {
  return highestIn(kvm, vcpu + VCPU.isr);
}

/** The handlers of the guest that have begun and not signalled their EOI yet, as the guest tells. */
export function handlerBegins({ ledger }: HostThread, vcpu: number): void {
  ledger.add32(vcpu * WATCH_BYTES + DEPTH, 1);
}
export function handlerSignals({ ledger }: HostThread, vcpu: number, signal: () => void): void {
  const at = vcpu * WATCH_BYTES;
  ledger.add32(at + SIGNALLING, 1);
  ledger.add32(at + DEPTH, -1);
  signal();
  ledger.add32(at + SIGNALLING, -1);
}

/**
 * Checks E1 to E8 where they happen. All of it runs in the vCPU's own context, in which the guest does
 * not run, so nothing that is looked at can change meanwhile.
 */
export function watchPvEoi(ops: HostOps, thread: HostThread): HostOps {
  const { ledger, violated } = thread;
  const at = (kvm: Kvm, vcpu: VcpuRecord): number =>
    kvm.memory.load32(vcpu + VCPU.id) * WATCH_BYTES;
  return {
    ...ops,
    leaveGuest(kvm, vcpu) {
      const byte = ops.pvEoiByte(kvm, vcpu);
      if (byte !== UNBACKED) {
        const word = kvm.memory.load8(byte);
        if (word !== 0 && ledger.load32(at(kvm, vcpu) + ENTERED_WITH) === 0) {
          violated(
            'E1',
            `The word of vCPU ${kvm.memory.load32(vcpu + VCPU.id)} was 0 at its entry and ${word} at its exit.`,
          );
        }
      }
      ledger.store32(at(kvm, vcpu) + PHASE, EXITED);
      ops.leaveGuest(kvm, vcpu);
      ledger.store32(at(kvm, vcpu) + PHASE, SYNCED);
    },
    acceptInterrupt(kvm, vcpu, vector, level) {
      const line = at(kvm, vcpu);
      ledger.add32(line + ARRIVING, 1);
      ops.acceptInterrupt(kvm, vcpu, vector, level);
      ledger.add32(line + ARRIVING, -1);
    },
    setEoi(kvm, vcpu) {
      if (inService(kvm, vcpu) === 0) violated('E4', 'An EOI came with nothing in service.');
      ops.setEoi(kvm, vcpu);
    },
    acknowledgeInterrupt(kvm, vcpu, vector) {
      if (ledger.load32(at(kvm, vcpu) + PHASE) !== SYNCED) {
        violated('E5', `Vector ${vector} was chosen before the host looked at the PV EOI word.`);
      }
      ops.acknowledgeInterrupt(kvm, vcpu, vector);
    },
    pvEoiToGuest(kvm, vcpu) {
      const before = guestBytes(kvm, vcpu, ops);
      // Only this vCPU clears it: what waits now still waits when the offer is decided on.
      const waiting = kvm.memory.load32(vcpu + VCPU.irrPending) !== 0;
      ops.pvEoiToGuest(kvm, vcpu);
      checkBytes(kvm, vcpu, before);
      if (kvm.memory.load32(vcpu + VCPU.pvEoiPending) === 0) return;
      checkOffer(kvm, vcpu);
      if (waiting) violated('E3', 'PV EOI is offered while another interrupt waits.');
    },
    pvEoiFromGuest(kvm, vcpu) {
      const before = guestBytes(kvm, vcpu, ops);
      ops.pvEoiFromGuest(kvm, vcpu);
      checkBytes(kvm, vcpu, before);
    },
    enterGuestMode(kvm, vcpu) {
      const entered = ops.enterGuestMode(kvm, vcpu);
      if (!entered) return false;
      const byte = ops.pvEoiByte(kvm, vcpu);
      ledger.store32(at(kvm, vcpu) + ENTERED_WITH, byte === UNBACKED ? 0 : kvm.memory.load8(byte));
      ledger.store32(at(kvm, vcpu) + PHASE, IN_GUEST);
      checkCache(kvm, vcpu);
      // Every interrupt in service has a handler that is still to signal: its own EOI, and no other.
      const handlers = ledger.load32(at(kvm, vcpu) + DEPTH);
      const beginning = (kvm.memory.load32(vcpu + VCPU.injectedVector) | 0) === NO_VECTOR ? 0 : 1;
      // One that is just signalling may have done so already.
      const signalling = ledger.load32(at(kvm, vcpu) + SIGNALLING);
      const isr = inService(kvm, vcpu);
      const least = handlers + beginning;
      if (isr < least || isr > least + signalling) {
        violated(
          'E4',
          `Interrupts in service: ${isr}. Handlers that have an EOI to give: ${handlers}, about to begin: ${beginning}.`,
        );
      }
      checkPending(kvm, vcpu);
      checkIrrPending(kvm, vcpu);
      return true;
    },
  };

  /** E3 of an offer that is out, by the IRR itself: what the host has lost sight of waits all the same. */
  function checkIrrPending(kvm: Kvm, vcpu: VcpuRecord): void {
    if (kvm.memory.load32(vcpu + VCPU.pvEoiPending) === 0) return;
    // In this order: what is in the IRR, with nobody at it, has set irr_pending, which none but this vCPU clears.
    const vector = highestIn(kvm, vcpu + VCPU.irr);
    if (vector === NO_VECTOR || ledger.load32(at(kvm, vcpu) + ARRIVING) !== 0) return;
    if (kvm.memory.load32(vcpu + VCPU.irrPending) !== 0) return;
    violated(
      'E3',
      `PV EOI is offered while vector ${vector} waits, of which irr_pending does not tell.`,
    );
  }

  /** The cache, from which offers are made, names what the guest's next EOI completes, or nothing. */
  function checkCache(kvm: Kvm, vcpu: VcpuRecord): void {
    const cached = kvm.memory.load32(vcpu + VCPU.highestIsrCache) | 0;
    const highest = highestInService(kvm, vcpu);
    if (cached !== NO_VECTOR && cached !== highest) {
      const truth = highest < 0 ? 'nothing is in service' : `vector ${highest} is in service`;
      violated(
        'E2',
        `The host takes vector ${cached} for the one that the next EOI completes, while ${truth}.`,
      );
    }
  }

  /** E2 of an offer that is out: PV EOI is on, and something is in service that it is for. */
  function checkPending(kvm: Kvm, vcpu: VcpuRecord): void {
    if (kvm.memory.load32(vcpu + VCPU.pvEoiPending) === 0) return;
    const off = ops.pvEoiByte(kvm, vcpu) === UNBACKED;
    if (!off && highestInService(kvm, vcpu) !== NO_VECTOR) return;
    violated(
      'E2',
      `The host waits for an EOI by the word, while ${off ? 'PV EOI is off' : 'nothing is in service'}.`,
    );
  }

  function checkOffer(kvm: Kvm, vcpu: VcpuRecord): void {
    checkCache(kvm, vcpu);
    const highest = highestInService(kvm, vcpu);
    if (highest >= 0 && isLevelTriggered(kvm, vcpu, highest)) {
      violated('E7', `PV EOI is offered for vector ${highest}, whose EOI an IOAPIC waits for.`);
    }
  }

  function checkBytes(kvm: Kvm, vcpu: VcpuRecord, before: number): void {
    const byte = ops.pvEoiByte(kvm, vcpu);
    if (byte === UNBACKED) return;
    const now = kvm.memory.load32(byte);
    if (now >>> 8 !== before >>> 8) {
      violated(
        'E8',
        `The guest's bytes of the word went from 0x${(before >>> 8).toString(16)} to 0x${(now >>> 8).toString(16)} under the host.`,
      );
    }
    if ((now & 0xff) > 1) violated('E8', `The host wrote ${now & 0xff} into the byte.`);
  }
}

function guestBytes(kvm: Kvm, vcpu: VcpuRecord, ops: HostOps): number {
  const byte = ops.pvEoiByte(kvm, vcpu);
  return byte === UNBACKED ? 0 : kvm.memory.load32(byte);
}
