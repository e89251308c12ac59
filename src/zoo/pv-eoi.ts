import { KVM_PV_EOI_RESERVED_MASK } from '../abi/msr.ts';
import { NO_VECTOR } from '../cpu/hypervisor.ts';
import { referenceHost } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { ControlledSpec, Mutant } from '../scenarios/scenario.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** The small instance where one interrupt comes on top of another, and no exit for anything else. */
const TWO_INTERRUPTS: ControlledSpec = { machine: { exitsAnywhere: false, vectors: [0x31] } };

/** Broken guests and hosts of PV EOI. */
export const pvEoiMutants: readonly Mutant[] = [
  {
    id: 'Z-E1',
    mechanism: 'pv-eoi',
    side: 'guest',
    summary:
      'The guest tests and clears the word in two instructions: an exit in between takes the offer back, and the clear signals to nobody.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E4'],
    visibleUnder: EVERYWHERE,
    roles: {
      signalEoi(cpu, { word }) {
        if ((cpu.load8(word) & 1) === 0) return cpu.apicEoi();
        cpu.store8(word, 0);
      },
    },
  },
  {
    id: 'Z-E3',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'The host drops its offer without clearing the word: a later handler takes the stale bit for an offer.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E4'],
    visibleUnder: EVERYWHERE,
    host: {
      pvEoiFromGuest(kvm, vcpu) {
        const byte = kvm.ops.pvEoiByte(kvm, vcpu);
        const offered = byte !== UNBACKED && (kvm.memory.load8(byte) & 1) !== 0;
        kvm.memory.store32(vcpu + VCPU.pvEoiPending, 0);
        if (!offered) kvm.ops.setEoi(kvm, vcpu);
      },
    },
  },
  {
    id: 'Z-E4',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'An EOI leaves the cache of the highest vector in service as it was: the host offers for an interrupt that is done.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E2'],
    visibleUnder: EVERYWHERE,
    host: {
      clearIsr(kvm, vcpu, vector) {
        const cached = kvm.memory.load32(vcpu + VCPU.highestIsrCache);
        referenceHost.clearIsr(kvm, vcpu, vector);
        kvm.memory.store32(vcpu + VCPU.highestIsrCache, cached);
      },
    },
  },
  {
    id: 'Z-E11',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'The host writes four bytes of the word: what the guest keeps in the other three is lost.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E8'],
    visibleUnder: EVERYWHERE,
    host: {
      pvEoiToGuest(kvm, vcpu) {
        referenceHost.pvEoiToGuest(kvm, vcpu);
        const byte = kvm.ops.pvEoiByte(kvm, vcpu);
        if (byte !== UNBACKED && kvm.memory.load32(vcpu + VCPU.pvEoiPending) !== 0)
          kvm.memory.store32(byte, 1);
      },
    },
  },
  {
    id: 'Z-E2',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'The host offers PV EOI although another interrupt waits, which then waits for some other exit.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E3'],
    visibleUnder: EVERYWHERE,
    controlled: TWO_INTERRUPTS,
    host: { interruptWaits: () => false },
  },
  {
    id: 'Z-E5',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'An entry that is cancelled does not take its offer back: the next one injects on top of it.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E3'],
    insteadOf: {
      invariant: 'E4',
      because:
        'the next exit looks at the word before anything else, and until then the word says what the host believes: the EOI that clears it is that of the highest interrupt in service, which is what the host completes. What goes wrong is that an interrupt waits meanwhile. Without the check of E3 `verify` finds nothing.',
    },
    visibleUnder: EVERYWHERE,
    controlled: TWO_INTERRUPTS,
    host: {
      cancelEntry(kvm, vcpu) {
        kvm.ops.cancelInjection(kvm, vcpu);
      },
    },
  },
  {
    id: 'Z-E6',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'The memory of the word goes after the EOI and before PV EOI is switched off: the offer outlives it, and a real host stops at a BUG_ON.',
    source: 'KVM: "Ignore pending PV EOI if the vCPU has since disabled PV EOIs" (before it)',
    scenario: 'pv-eoi-unplug',
    invariants: ['E2'],
    visibleUnder: EVERYWHERE,
    machine: { pvEoiUnplug: 'after the EOI' },
  },
  {
    id: 'Z-E7',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'A WRMSR that raises #GP because nothing backs the address leaves PV EOI enabled there.',
    source: 'Linux 5.13 source',
    scenario: 'msr-storm',
    invariants: ['M2'],
    visibleUnder: EVERYWHERE,
    host: {
      writePvEoiMsr(kvm, vcpu, value) {
        const result = referenceHost.writePvEoiMsr(kvm, vcpu, value);
        if ((value & KVM_PV_EOI_RESERVED_MASK) === 0n) kvm.memory.store64(vcpu + VCPU.pvEoi, value);
        return result;
      },
    },
  },
  {
    id: 'Z-E8',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'An exit decides what to inject before it looks at the word: by a priority that the guest has left.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E5'],
    visibleUnder: EVERYWHERE,
    host: {
      leaveGuest(kvm, vcpu) {
        const { memory, ops } = kvm;
        const vector = ops.pendingInterrupt(kvm, vcpu);
        if (vector !== NO_VECTOR && (memory.load32(vcpu + VCPU.injectedVector) | 0) === NO_VECTOR) {
          ops.acknowledgeInterrupt(kvm, vcpu, vector);
          memory.store32(vcpu + VCPU.injectedVector, vector);
        }
        referenceHost.leaveGuest(kvm, vcpu);
      },
    },
  },
  {
    id: 'Z-E9',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'The memory of the word goes while an offer is out: the host takes what it cannot read for an EOI, which the handler then gives once more.',
    source: 'Linux 6.18 source',
    scenario: 'pv-eoi-unplug',
    invariants: ['E4'],
    visibleUnder: EVERYWHERE,
    machine: { pvEoiUnplug: 'before the EOI' },
  },
  {
    id: 'Z-E10',
    mechanism: 'pv-eoi',
    side: 'host',
    summary: 'PV EOI is offered for a level-triggered vector: the IOAPIC never hears of its EOI.',
    source: 'constructed',
    scenario: 'pv-eoi-storm',
    invariants: ['E7'],
    visibleUnder: EVERYWHERE,
    host: { eoiReachesIoapic: () => false },
  },
  {
    id: 'A-E1',
    mechanism: 'pv-eoi',
    side: 'host',
    summary:
      'Another host thread clears the word while the vCPU runs: the guest gives an APIC EOI as well.',
    source: 'constructed: adversary',
    scenario: 'pv-eoi-remote-clear',
    invariants: ['E4'],
    visibleUnder: EVERYWHERE,
    host: {
      touchPvEoiRemotely(kvm, vcpu) {
        const byte = kvm.ops.pvEoiByte(kvm, vcpu);
        if (byte !== UNBACKED && kvm.memory.load8(byte) !== 0) kvm.memory.store8(byte, 0);
      },
    },
  },
];
