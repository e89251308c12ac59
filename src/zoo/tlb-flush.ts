import {
  KVM_STEAL_TIME_PREEMPTED,
  KVM_VCPU_FLUSH_TLB,
  KVM_VCPU_PREEMPTED,
} from '../abi/kvm-steal-time.ts';
import { KVM_MSR_ENABLED, MSR_KVM_STEAL_TIME } from '../abi/msr.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { FlushTargets } from '../guest/roles.ts';
import { referenceHost } from '../host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { VCPU } from '../host/records.ts';
import type { Gpa, HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** The flush with another way to ask for it: whether the target may be left to the host. */
const flushWith =
  (fence: (cpu: Vcpu) => void, leave: (cpu: Vcpu, preempted: Gpa, seen: number) => boolean) =>
  (cpu: Vcpu, at: FlushTargets): number => {
    fence(cpu);
    let toInterrupt = at.targets;
    at.areas.forEach((area, id) => {
      const target = 1 << id;
      if ((at.targets & target) === 0) return;
      const preempted = area + KVM_STEAL_TIME_PREEMPTED;
      const seen = cpu.load8(preempted);
      if ((seen & KVM_VCPU_PREEMPTED) !== 0 && leave(cpu, preempted, seen)) toInterrupt &= ~target;
    });
    return toInterrupt >>> 0;
  };

const setFlag = (cpu: Vcpu, preempted: Gpa, seen: number): boolean =>
  cpu.lockCmpxchg8(preempted, seen, seen | KVM_VCPU_FLUSH_TLB) === seen;

/** Flushes if the byte, as somebody has loaded it, asks for it. */
function flushIfAsked(kvm: Kvm, vcpu: VcpuRecord, byte: number): void {
  if ((byte & KVM_VCPU_FLUSH_TLB) !== 0) kvm.ops.flushGuestTlb(kvm, vcpu);
}

function storeByte({ memory }: Kvm, vcpu: VcpuRecord, area: HostAddress, byte: number): void {
  memory.store8(area + KVM_STEAL_TIME_PREEMPTED, byte);
  memory.store32(vcpu + VCPU.preempted, byte);
}

/** Why Z-S13 breaks nothing here. */
const MASKED =
  'Masked by the locked cmpxchg that sets the flag, a full barrier in every model: the page-table store is visible before the host can see the flag, and where the cmpxchg fails the IPI is sent by locked operations. `verify` finds nothing under sc, tso and weak; a guest that leaves out the cmpxchg where the flag is set already falls under tso and weak.';

/** What all of them have in common, by side. */
const COMMON = {
  mechanism: 'tlb-flush',
  scenario: 'pv-tlb-flush',
  visibleUnder: EVERYWHERE,
} as const;
const GUEST = { ...COMMON, side: 'guest' } as const;
const HOST = { ...COMMON, side: 'host' } as const;

/** Broken flushes of preempted vCPUs' TLBs: guests that ask, hosts that are asked. */
export const tlbFlushMutants: readonly Mutant[] = [
  {
    ...HOST,
    id: 'Z-S1',
    summary:
      'The host takes the flag from a private copy of the record, and writes the whole record back later.',
    source: 'b043138246a4 (before it), CVE-2019-3016',
    invariants: ['T1', 'T2'],
    host: {
      clearPreempted(kvm, vcpu, area) {
        flushIfAsked(kvm, vcpu, kvm.memory.load8(area + KVM_STEAL_TIME_PREEMPTED));
      },
      updateSteal(kvm, vcpu, area) {
        referenceHost.updateSteal(kvm, vcpu, area);
        storeByte(kvm, vcpu, area, 0);
      },
    },
  },
  {
    ...HOST,
    id: 'Z-S2',
    summary:
      'A second put of a preempted vCPU stores PREEMPTED again, over a FLUSH_TLB that came in between.',
    source: '8c6de56a42e0 (before it), CVE-2019-3016',
    invariants: ['T1'],
    host: {
      setPreempted(kvm, vcpu) {
        if (kvm.memory.load32(vcpu + VCPU.atInstructionBoundary) === 0) return;
        const area = kvm.ops.stealCache(kvm, vcpu);
        if (area !== UNBACKED) storeByte(kvm, vcpu, area, KVM_VCPU_PREEMPTED);
      },
    },
  },
  {
    ...HOST,
    id: 'Z-S9',
    summary:
      'The entry clears the byte with a load and a plain store, where a flag that comes in between is lost.',
    source: 'constructed',
    invariants: ['T1'],
    host: {
      clearPreempted(kvm, vcpu, area) {
        flushIfAsked(kvm, vcpu, kvm.memory.load8(area + KVM_STEAL_TIME_PREEMPTED));
        storeByte(kvm, vcpu, area, 0);
      },
    },
  },
  {
    ...GUEST,
    id: 'Z-S10',
    summary:
      'The guest sets the flag with a plain store: the vCPU may run by then, marked preempted, its flush pending for good.',
    source: 'constructed',
    invariants: ['T1', 'T2', 'S3'],
    roles: {
      flushTlb: flushWith(
        (cpu) => cpu.mb(),
        (cpu, preempted, seen) => {
          cpu.store8(preempted, seen | KVM_VCPU_FLUSH_TLB);
          return true;
        },
      ),
    },
  },
  {
    ...GUEST,
    id: 'Z-S11',
    summary: 'A target is taken for flushed even if the cmpxchg failed, because it runs by now.',
    source: 'constructed',
    invariants: ['T2'],
    roles: {
      flushTlb: flushWith(
        (cpu) => cpu.mb(),
        (cpu, preempted, seen) => {
          setFlag(cpu, preempted, seen);
          return true;
        },
      ),
    },
  },
  {
    ...HOST,
    id: 'Z-S12',
    summary: 'The entry flushes first and then clears the byte, with a flag that came in between.',
    source: 'constructed',
    invariants: ['T1'],
    host: {
      clearPreempted(kvm, vcpu, area) {
        const { memory } = kvm;
        flushIfAsked(kvm, vcpu, memory.load8(area + KVM_STEAL_TIME_PREEMPTED));
        memory.lockXchg8(area + KVM_STEAL_TIME_PREEMPTED, 0);
        memory.store32(vcpu + VCPU.preempted, 0);
      },
    },
  },
  {
    ...GUEST,
    id: 'Z-S13',
    summary:
      'The guest looks at the byte before its page-table store is visible: the host flushes, and the old entry is cached again.',
    source: 'constructed',
    invariants: ['T2'],
    visibleUnder: [],
    notVisible: MASKED,
    notOnThreads: MASKED,
    roles: { flushTlb: flushWith(() => {}, setFlag) },
  },
  {
    ...HOST,
    id: 'Z-S16',
    summary:
      'The VMM switches STEAL_TIME off while the vCPU is off its CPU: nobody looks at a flag that is there already.',
    source: 'constructed',
    invariants: ['T1'],
    host: {
      scheduleIn(kvm, vcpu, waited) {
        referenceHost.scheduleIn(kvm, vcpu, waited);
        writeSteal(kvm, vcpu, kvm.memory.load64(vcpu + VCPU.stealTime) & ~KVM_MSR_ENABLED);
      },
      scheduleOut(kvm, vcpu) {
        // On again, as before: without the area there would be nothing to set a flag in.
        writeSteal(kvm, vcpu, kvm.memory.load64(vcpu + VCPU.stealTime) | KVM_MSR_ENABLED);
        referenceHost.scheduleOut(kvm, vcpu);
      },
    },
  },
];

/** KVM_SET_MSRS of one MSR. */
function writeSteal(kvm: Kvm, vcpu: VcpuRecord, value: bigint): void {
  kvm.ops.setMsr(kvm, vcpu, { index: MSR_KVM_STEAL_TIME, hostInitiated: true }, value);
}
