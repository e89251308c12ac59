import {
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
} from '../abi/msr.ts';
import { PVCLOCK_TSC_STABLE_BIT } from '../abi/pvclock-vcpu-time-info.ts';
import type { CpuidResult } from '../cpu/vcpu.ts';
import type { Detection } from '../guest/roles.ts';
import { VCPU } from '../host/records.ts';
import { CPUID_TABLES, type CpuidTable } from './cpuid-tables.ts';
import { Remembered } from './remembered.ts';
import type { Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger, per vCPU: which table its CPUID is of, and how often it was looked at. */
const TABLE_STRIDE = 64;
const LOOKS = 4;

const OUTCOMES = [
  { outcome: 'no clock', expect: 'ACCEPTABLE', description: 'There was none, and none was found.' },
  {
    outcome: 'clock',
    expect: 'ACCEPTABLE',
    description: 'The MSRs and flags that CPUID offers were found.',
  },
] as const;
const NO_CLOCK = 0;
const CLOCK = 1;

const NOTHING: CpuidResult = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

/** The guest looks for its clock on one machine after another. */
export const clockDetection: Scenario = {
  name: 'clock-detection',
  summary:
    'Guests look for kvmclock in CPUID, on machines that have it, have it elsewhere, or have something like it.',
  mechanism: 'kvmclock',
  roles: ['detect'],
  invariants: ['F1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: 64 },
  machine: {},
  ledgerBytes: 64 * TABLE_STRIDE,
  controlled: { vcpus: 1, clockSteps: 0, steps: CPUID_TABLES.length },
  instrument: (ops, { ledger }) => ({
    ...ops,
    cpuid(kvm, vcpu, leaf) {
      const at = kvm.memory.load32(vcpu + VCPU.id) * TABLE_STRIDE;
      // A search that finds nothing for long gets on all the same: it is no loop that comes back to its head.
      ledger.add32(at + LOOKS, 1);
      const { entries } = CPUID_TABLES[ledger.load32(at)]!;
      return entries.find((entry) => entry.function === leaf >>> 0) ?? NOTHING;
    },
  }),
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({ name: `vcpu${vcpu}`, vcpu, start: look })),
};

function look({ cpu, roles, ledger, outcome, violated }: VcpuThread): Program {
  const at = new Remembered(ledger, cpu.id * TABLE_STRIDE);
  return {
    step() {
      const table = CPUID_TABLES[at.value]!;
      const found = roles.detect(cpu);
      const expected = detectionOf(table);
      if (inWords(found) !== inWords(expected)) {
        violated(
          'F1',
          `On a machine with ${table.what}, the guest found ${inWords(found)}; there is ${inWords(expected)}.`,
        );
      }
      outcome(found === undefined ? NO_CLOCK : CLOCK);
      at.value = (at.value + 1) % CPUID_TABLES.length;
    },
  };
}

function detectionOf({ clock, flags }: CpuidTable): Detection {
  if (clock === undefined) return undefined;
  return {
    systemTime: clock === 'new' ? MSR_KVM_SYSTEM_TIME_NEW : MSR_KVM_SYSTEM_TIME,
    wallClock: clock === 'new' ? MSR_KVM_WALL_CLOCK_NEW : MSR_KVM_WALL_CLOCK,
    validFlags: flags ? PVCLOCK_TSC_STABLE_BIT : 0,
  };
}

function inWords(detection: Detection): string {
  if (detection === undefined) return 'no clock';
  const { systemTime, wallClock, validFlags } = detection;
  const [time, wall] = [systemTime, wallClock].map((index) => `0x${index.toString(16)}`);
  // Of the flags, the guest relies on this one alone.
  const stable = (validFlags & PVCLOCK_TSC_STABLE_BIT) !== 0;
  return `system time at MSR ${time}, wall clock at ${wall}, TSC_STABLE ${stable ? '' : 'not '}to be honoured`;
}
