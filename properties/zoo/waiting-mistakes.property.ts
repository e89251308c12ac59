import '../seed.ts';
import { KVM_FEATURE_ASYNC_PF } from '../../src/abi/cpuid.ts';
import { MSR_KVM_ASYNC_PF_EN } from '../../src/abi/msr.ts';
import { pageReady } from '../../src/guest/async-page-fault.ts';
import { cpuOffline } from '../../src/guest/cpu-offline.ts';
import { type Alternative, acceptAll, findAll, type Mistake } from './mistakes.ts';

const PREEMPTED = 16;
const FLUSH_TLB = 2;

/** Mistakes of those who wait for somebody, or whom somebody waits for. */
const MISTAKES: readonly Mistake[] = [
  {
    what: 'FLUSH_TLB is set by a locked OR of 32 bits, in running vCPUs too',
    scenario: 'pv-tlb-flush',
    breaks: 'T1',
    roles: {
      flushTlb(cpu, { areas, targets }) {
        cpu.mb();
        let awake = targets;
        for (const [id, area] of areas.entries()) {
          const asked = (targets & (1 << id)) !== 0;
          if (asked && (cpu.lockOr32(area + PREEMPTED, FLUSH_TLB) & 1) !== 0) awake &= ~(1 << id);
        }
        return awake >>> 0;
      },
    },
  },
  {
    what: 'who unlocks leaves the waiter in the hash',
    scenario: 'pv-spinlock-handover',
    breaks: 'K1',
    roles: {
      spinUnlock(cpu, at) {
        if (cpu.lockCmpxchg8(at.lock, 1, 0) === 1) return;
        cpu.rmb();
        let node = 0;
        for (let entry = at.hashEntries - 1; entry >= 0; entry--)
          if (cpu.load32(at.hash + entry * 8) === at.lock)
            node = cpu.load32(at.hash + entry * 8 + 4);
        cpu.wmb();
        cpu.store8(at.lock, 0);
        if (node !== 0) at.pv.kick(cpu, { vcpu: node - 1 });
      },
    },
  },
  {
    what: 'a task on another vCPU is woken, and that vCPU is not told',
    scenario: 'async-page-fault-wake-before-wait',
    breaks: 'A1',
    roles: { pageReady: (cpu, at) => pageReady(cpu, { ...at, reschedule: () => {} }) },
  },
  {
    what: 'a vCPU goes offline with interrupts on',
    scenario: 'hotplug-disable',
    breaks: 'M1',
    roles: {
      cpuOffline(cpu, at) {
        cpuOffline(cpu, at);
        cpu.sti();
      },
    },
  },
];

const ALTERNATIVES: readonly Alternative[] = [
  {
    what: 'page faults are disabled by the delivery bit alone',
    scenario: 'hotplug-disable',
    roles: {
      cpuOffline(cpu, { features }) {
        cpuOffline(cpu, { features: features & ~(1 << KVM_FEATURE_ASYNC_PF) });
        cpu.wrmsr(MSR_KVM_ASYNC_PF_EN, cpu.rdmsr(MSR_KVM_ASYNC_PF_EN) & ~8n);
      },
    },
  },
];

findAll(MISTAKES);
acceptAll(ALTERNATIVES);
