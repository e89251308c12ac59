import { MSR_KVM_PV_EOI_EN } from '../abi/msr.ts';
import type { MachineSpec } from '../host/machine.ts';
import { pvEoiWord } from './guest-map.ts';
import {
  checkSavedIsr,
  HANDLED,
  handlerBegins,
  handlerSignals,
  WATCH_BYTES,
  watchPvEoi,
} from './pv-eoi-watch.ts';
import { Remembered } from './remembered.ts';
import type { HostThread, Program, Scenario, ThreadSpec, VcpuThread } from './scenario.ts';

/** What the guest keeps in the three bytes of the word that are its own. */
const GUEST_BYTES = 0xa5c3e100;
/** Steps of the guest between two looks for interrupts, and of a handler: exits that far ahead hit each. */
const STEPS_OF_A_HANDLER = 12;
/** Looks at the word in one stretch of guest work, at most. */
const MOST_LOOKS = 8;

export const PV_EOI_OUTCOMES = [
  {
    outcome: 'quiet',
    expect: 'ACCEPTABLE',
    description: 'No interrupt came during a stretch of guest work.',
  },
  {
    outcome: 'interrupted',
    expect: 'INTERESTING',
    description: 'At least one interrupt was handled during it.',
  },
] as const;

/** Interrupts from device threads, exits at any step: is every EOI given and taken exactly once? */
export const pvEoiStorm: Scenario = {
  name: 'pv-eoi-storm',
  summary:
    'Devices interrupt vCPUs at any step while their guests signal EOIs through PV EOI or the APIC.',
  mechanism: 'pv-eoi',
  roles: ['signalEoi'],
  invariants: ['E4', 'E1', 'E2', 'E3', 'E5', 'E6', 'E7', 'E8'],
  outcomes: PV_EOI_OUTCOMES,
  vcpus: { default: 1, least: 1, most: 63 },
  machine: { exitsAnywhere: true, updateInterval: 10_000, vectors: [0x31, 0x35, 0x52, 0x83, 0xe1] },
  ledgerBytes: 64 * WATCH_BYTES,
  // Of two classes; the lower one is level-triggered.
  controlled: { clockSteps: 0, machine: { vectors: [0x25, 0x31] } },
  instrument: watchPvEoi,
  threads: pvEoiThreads,
};

function pvEoiThreads({ vcpus, exitsAnywhere }: MachineSpec): ThreadSpec[] {
  return [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: handleInterrupts,
    })),
    // Where nothing else makes a handler exit, a second interrupt does.
    { name: 'device', steps: exitsAnywhere ? 1 : 2, start: raiseInterrupts },
  ];
}

/** How a vector is routed does not change: some come through an IOAPIC, level-triggered. */
function isLevelTriggered(vector: number): boolean {
  return (vector & 4) !== 0;
}

function raiseInterrupts({ kvm, machine, random, idle }: HostThread): Program {
  const { vectors, vcpus } = machine;
  return {
    step() {
      const vector = vectors[random.below(vectors.length)]!;
      const vcpu = kvm.vcpu(random.below(vcpus));
      kvm.ops.acceptInterrupt(kvm, vcpu, vector, isLevelTriggered(vector));
      kvm.ops.touchPvEoiRemotely(kvm, vcpu);
      idle();
    },
  };
}

function handleInterrupts(thread: VcpuThread): Program {
  const { cpu, roles, random, machine, ledger, outcome } = thread;
  const word = pvEoiWord(cpu.id);
  const handled = new Remembered(ledger, cpu.id * WATCH_BYTES + HANDLED);
  for (const vector of machine.vectors) {
    cpu.onInterrupt(vector, () => {
      handlerBegins(thread, cpu.id);
      handled.value++;
      if (machine.exitsAnywhere && random.sometimes(2)) cpu.exitWithin(STEPS_OF_A_HANDLER);
      // Some handlers let more urgent interrupts in before they are done.
      if (random.sometimes(4)) {
        cpu.sti();
        cpu.load32(word);
        cpu.cli();
      }
      signal();
    });
  }
  const signal = (): void => {
    handlerSignals(thread, cpu.id, () => roles.signalEoi(cpu, { word }));
  };
  cpu.store32(word, GUEST_BYTES);
  cpu.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(word) | 1n);
  let enabled = false;
  return {
    step() {
      if (!enabled) cpu.sti();
      enabled = true;
      const before = handled.value;
      if (machine.exitsAnywhere && random.below(8) === 0)
        cpu.exitToUser(() => checkSavedIsr(thread, cpu.id));
      if (random.pace(4) === 0) cpu.exitWithin(STEPS_OF_A_HANDLER);
      for (let looks = random.pace(MOST_LOOKS); looks > 0; looks--) cpu.load32(word);
      outcome(handled.value === before ? 0 : 1);
    },
  };
}
