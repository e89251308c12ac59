import { KVM_FEATURE_MIGRATION_CONTROL, KVM_SUPPORTED_FEATURES } from '../abi/cpuid.ts';
import {
  MSR_KVM_PV_EOI_EN,
  MSR_KVM_STEAL_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSRS,
  msrByIndex,
} from '../abi/msr.ts';
import type { MsrRow } from '../abi/msr-row.ts';
import type { VcpuRecord } from '../host/kvm.ts';
import { mapMachine } from '../host/machine.ts';
import { UNBACKED } from '../memory/memslots.ts';
import { clockArea, stealArea } from './guest-map.ts';
import { guardHostWrites } from './host-writes.ts';
import { anotherHost, serveMigrationControl } from './hosts.ts';
import { MsrExpectation } from './msr-expectation.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';
import { takeBack } from './take-back.ts';

const MOST_VCPUS = 16;

/** Ledger, per vCPU: how many writes of a register of the VM it has begun, and the last two values. */
const LINE = 64;
const VALUES = 8;
const lineOf = (row: number, vcpu: number): number => (row * MOST_VCPUS + vcpu) * LINE;
const VM_ROWS = MSRS.filter(({ scope }) => scope === 'vm');

/** How long a vCPU is off its physical CPU, ns for the accounts. */
const NANOSECONDS_OFF = 10_000;

/** Nothing backs this address. */
const NOWHERE = 1n << 40n;

/** After one write in so many the VMM restores the vCPU. */
const RESTORE_ONE_IN = 16;

const OUTCOMES = [
  {
    outcome: 'accepted',
    expect: 'ACCEPTABLE',
    description: 'The value was taken, and reads back.',
  },
  {
    outcome: 'refused',
    expect: 'ACCEPTABLE',
    description: 'The value raised #GP, and reads back what the table says.',
  },
  { outcome: 'moved', expect: 'ACCEPTABLE', description: 'The VM went to another host.' },
  {
    outcome: 'withheld',
    expect: 'ACCEPTABLE',
    description: 'MIGRATION_CONTROL said no: the VM stayed where it was.',
  },
] as const;
const ACCEPTED = 0;
const REFUSED = 1;
const MOVED = 2;
const STAYED = 3;

/** Any value in any MSR, on a VM that is moved from host to host. */
export const msrStorm: Scenario = {
  name: 'msr-storm',
  summary:
    'vCPUs write any value to any MSR and read it back, while the VMM updates the clocks, restores vCPUs and moves the VM.',
  mechanism: 'lifetime',
  roles: [],
  invariants: ['M2', 'M1'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: MOST_VCPUS },
  machine: {
    features: (KVM_SUPPORTED_FEATURES | (1 << KVM_FEATURE_MIGRATION_CONTROL)) >>> 0,
  },
  ledgerBytes: VM_ROWS.length * MOST_VCPUS * LINE,
  controlled: {
    vcpus: 1,
    clockSteps: 0,
    machine: {
      // Registers and who disturbs them. Migration touches all of a vCPU: that is live-migration's.
      features: KVM_SUPPORTED_FEATURES,
      msrWrites: [
        { index: MSR_KVM_SYSTEM_TIME_NEW, value: 0n },
        { index: MSR_KVM_STEAL_TIME, value: BigInt(stealArea(0)) | 1n },
        { index: MSR_KVM_PV_EOI_EN, value: NOWHERE | 1n },
      ],
    },
  },
  instrument: guardHostWrites,
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: writeAny,
    })),
    { name: 'vmm', start: disturb },
  ],
};

function writeAny(thread: VcpuThread): Program {
  const { cpu, kvm, vcpu, random, outcome, violated } = thread;
  const expectation = new MsrExpectation((gpa, bytes) => {
    return kvm.cpu.translate(Number(gpa), bytes) !== UNBACKED;
  });
  // A guest that has a clock: what follows changes that too.
  const clock = BigInt(clockArea(cpu.id)) | 1n;
  expectation.write(msrByIndex(MSR_KVM_SYSTEM_TIME_NEW)!, clock);
  cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, clock);
  return {
    step() {
      const { row, value } = anyWrite(thread);
      noteVmWrite(thread, row, value);
      const accepted = cpu.wrmsrSafe(row.index, value);
      if (accepted !== expectation.write(row, value)) {
        violated(
          'M2',
          `WRMSR of 0x${value.toString(16)} to ${row.name} ${accepted ? 'was accepted' : 'raised #GP'}.`,
        );
      }
      outcome(accepted ? ACCEPTED : REFUSED);
      if (random.below(RESTORE_ONE_IN) === 0) cpu.exitToUser(() => takeBack(kvm, vcpu));
      if (row.scope === 'vm') checkVmRead(thread, row);
      else {
        const expected = expectation.read(row);
        const read = cpu.rdmsr(row.index);
        if (read === expected) return;
        violated(
          'M2',
          `RDMSR of ${row.name} gave 0x${read.toString(16)} and not 0x${expected.toString(16)}, after a WRMSR of 0x${value.toString(16)}.`,
        );
      }
    },
  };
}

/** Any register with any value, or one of the writes that the machine names. */
function anyWrite(thread: VcpuThread): { row: MsrRow; value: bigint } {
  const { machine, random } = thread;
  const { msrWrites } = machine;
  if (msrWrites.length === 0)
    return { row: MSRS[random.below(MSRS.length)]!, value: anyValue(thread) };
  const { index, value } = msrWrites[random.below(msrWrites.length)]!;
  return { row: msrByIndex(index)!, value };
}

/** A value that is likely to matter: an address in RAM, at the end of a page or of RAM, with any low bits. */
function anyValue({ machine, random }: VcpuThread): bigint {
  const low = BigInt(random.below(64));
  switch (random.below(6)) {
    case 0:
      return BigInt(random.below(4));
    case 1:
      return 0n;
    case 2:
      return BigInt(random.below(mapMachine(machine).guestBytes)) & ~0x3fn;
    case 3:
      return (BigInt(random.below(mapMachine(machine).guestBytes)) & ~0x3fn) | (low & 0x9n) | 1n;
    case 4: {
      const page = BigInt(random.below(mapMachine(machine).guestBytes / 0x1000 + 1) + 1);
      return (page << 12n) - 64n + low;
    }
    default:
      return [0, 1, 2, 3].reduce((value) => (value << 16n) | BigInt(random.below(0x1_0000)), 0n);
  }
}

/** Notes a write of a register that all vCPUs share, before it happens. */
function noteVmWrite({ cpu, ledger }: VcpuThread, row: MsrRow, value: bigint): void {
  if (row.scope !== 'vm' || (value & row.reservedMask) !== 0n) return;
  const line = lineOf(registerOf(row), cpu.id);
  const count = ledger.load32(line);
  ledger.store64(line + VALUES + (count & 1) * 8, value);
  ledger.store32(line, count + 1);
}

/** M2 of a register that all vCPUs share: what is read is the last value of one of them, or the one before. */
function checkVmRead({ cpu, ledger, machine, violated }: VcpuThread, row: MsrRow): void {
  const register = registerOf(row);
  const before = Array.from({ length: machine.vcpus }, (_, id) =>
    ledger.load32(lineOf(register, id)),
  );
  const read = cpu.rdmsr(row.index);
  let known = read === row.resetValue;
  for (let id = 0; id < machine.vcpus; id++) {
    const line = lineOf(register, id);
    for (const value of [0, 1]) known ||= ledger.load64(line + VALUES + value * 8) === read;
    // One that has written meanwhile may have overwritten the value that was read.
    known ||= id !== cpu.id && ledger.load32(line) !== before[id];
  }
  if (!known) {
    violated('M2', `RDMSR of ${row.name} gave 0x${read.toString(16)}, which no vCPU has written.`);
  }
}

/** Place of a register of the VM: its two names are one. */
function registerOf({ index, alias = index }: MsrRow): number {
  return VM_ROWS.findIndex((row) => row.index === Math.min(index, alias));
}

function disturb(thread: HostThread): Program {
  const { kvm, machine, random, idle, outcome } = thread;
  serveMigrationControl(thread);
  const vcpu = (): VcpuRecord => kvm.vcpu(random.below(machine.vcpus));
  const disturbances = [
    () => kvm.ops.globalClockUpdate(kvm, vcpu()),
    () => kvm.ops.preemptVcpu(kvm, vcpu(), NANOSECONDS_OFF),
    ...((machine.features & (1 << KVM_FEATURE_MIGRATION_CONTROL)) !== 0
      ? [() => outcome(kvm.ops.migrate(kvm, anotherHost(thread)) ? MOVED : STAYED)]
      : []),
  ];
  return {
    step() {
      disturbances[random.below(disturbances.length)]!();
      idle();
    },
  };
}
