import { NO_VECTOR } from '../cpu/hypervisor.ts';
import { freeEntry, hashNode } from '../guest/pv-hash.ts';
import {
  _Q_LOCKED_VAL,
  _Q_SLOW_VAL,
  lockedOf,
  REFERENCE_STEPS,
  spinLock,
  stateOf,
  VCPU_HALTED,
  VCPU_RUNNING,
  waitHeadOrLock,
} from '../guest/pv-spinlock.ts';
import { referenceHost } from '../host/host-ops.ts';
import { VCPU } from '../host/records.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const EVERYWHERE = ['sc', 'tso', 'weak'] as const;

/** Broken kicks and paravirtual spinlocks. */
export const spinlockMutants: readonly Mutant[] = [
  {
    id: 'Z-K1',
    mechanism: 'spinlock',
    side: 'host',
    summary: 'A kick is not latched: one that comes before the HLT is forgotten.',
    source: 'constructed',
    scenario: 'kick-before-halt',
    invariants: ['K1'],
    visibleUnder: EVERYWHERE,
    host: {
      kickCpu(kvm, apicId) {
        if (apicId >= kvm.vcpuCount) return;
        const target = kvm.vcpu(apicId);
        if (kvm.memory.load32(target + VCPU.halted) === 0) return;
        referenceHost.kickCpu(kvm, apicId);
      },
    },
  },
  {
    id: 'Z-K2',
    mechanism: 'spinlock',
    side: 'host',
    summary:
      'A halt that an interrupt ends leaves the kick latched, which ends a later halt for no reason.',
    source: '"KVM: x86: Clear pv_unhalted on all transitions to KVM_MP_STATE_RUNNABLE" (before it)',
    scenario: 'kick-before-halt',
    // A kick and an interrupt end the first sleep; the second, which no interrupt can end, has that kick too.
    controlled: {
      clockSteps: 0,
      machine: { haltPolls: 0, vectors: [0x31], sleeps: ['interrupts on', 'interrupts off'] },
      steps: { sleeper: 2, kicker: 2, device: 1 },
    },
    invariants: ['K2'],
    visibleUnder: EVERYWHERE,
    host: {
      makeRunnable(kvm, vcpu) {
        if (kvm.ops.pendingInterrupt(kvm, vcpu) === NO_VECTOR)
          referenceHost.makeRunnable(kvm, vcpu);
        else kvm.memory.store32(vcpu + VCPU.halted, 0);
      },
    },
  },
  {
    id: 'Z-K3',
    mechanism: 'spinlock',
    side: 'guest',
    summary:
      'No full barrier between storing the halted state and looking once more whether the lock was handed over.',
    source: 'constructed',
    scenario: 'pv-spinlock-handover',
    invariants: ['K1'],
    visibleUnder: ['tso', 'weak'],
    roles: {
      spinLock: (cpu, at) =>
        spinLock(cpu, at, {
          ...REFERENCE_STEPS,
          waitNode() {
            const node = cpu.id + 1;
            for (;;) {
              for (let spin = 0; spin < at.spins; spin++) {
                if (cpu.load32(lockedOf(at, node)) !== 0) return;
              }
              cpu.store8(stateOf(at, node), VCPU_HALTED);
              if (cpu.load32(lockedOf(at, node)) === 0) {
                at.pv.wait(cpu, { byte: stateOf(at, node), value: VCPU_HALTED });
              }
              cpu.lockCmpxchg8(stateOf(at, node), VCPU_HALTED, VCPU_RUNNING);
              if (cpu.load32(lockedOf(at, node)) !== 0) return;
            }
          },
        }),
    },
  },
  {
    id: 'Z-K4',
    mechanism: 'spinlock',
    side: 'guest',
    summary:
      'The lock is marked SLOW before the table says whom to kick: the unlocker finds nobody.',
    source: 'constructed',
    scenario: 'pv-spinlock-handover',
    invariants: ['K1'],
    visibleUnder: EVERYWHERE,
    roles: {
      spinLock: (cpu, at) =>
        spinLock(cpu, at, {
          ...REFERENCE_STEPS,
          waitHeadOrLock: (_cpu, _at, node) =>
            waitHeadOrLock(cpu, at, node, () => {
              const free = cpu.lockXchg8(at.lock, _Q_SLOW_VAL) === 0;
              const entry = hashNode(cpu, at, at.lock, node);
              if (!free) return false;
              cpu.store8(at.lock, _Q_LOCKED_VAL);
              freeEntry(cpu, entry);
              return true;
            }),
        }),
    },
  },
];
