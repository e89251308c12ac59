import type { HostOps } from '../host/host-ops.ts';
import type { VcpuRecord } from '../host/kvm.ts';
import { MSR_IA32_TSC } from '../host/msr.ts';
import { getOneMsr, setOneMsr } from '../host/vmm-ioctls.ts';
import { askForUpdates } from './ask-for-updates.ts';
import { CLOCK_OUTCOMES, ClockReader } from './clock-reader.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
} from './clock-support.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: whether the next exit of the vCPU is one to user space, where its frequency changes; and which it has. */
const WANTED = 0;
const CHANGED = 4;
const PUBLICATIONS = 64;

/** One read in so many comes after a change of the frequency, or after a while without an update, in ticks. */
const READS_PER_CHANGE = 8;
const READS_PER_SILENCE = 16;
const SILENCE = 1_000_000;

/**
 * The VMM gives a vCPU's TSC another frequency and lets it count on from where it was, as it does on a
 * host to which the guest was moved. One vCPU: with two of them, their TSCs would be two lines until both
 * had been written, and last_value would hide what a line does.
 */
export const clockFrequencyChange: Scenario = {
  name: 'clock-frequency-change',
  summary:
    'The VMM changes the frequency of a vCPU’s TSC (KVM_SET_TSC_KHZ) between its reads and in the middle of them.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['P3', 'P1', 'F1'],
  outcomes: CLOCK_OUTCOMES,
  vcpus: { default: 1, least: 1, most: 1 },
  machine: {},
  ledgerBytes: PUBLICATIONS + PUBLICATIONS_BYTES,
  instrument: (ops, thread) => changeAtExits(notePublications(ops, thread, PUBLICATIONS), thread),
  threads: () => [
    { name: 'vcpu0', vcpu: 0, steps: 2, start: readAndChange },
    { name: 'host', start: disturb },
  ],
};

function readAndChange(thread: VcpuThread): Program {
  registerClock(thread);
  const { cpu, kvm, random, violated } = thread;
  const publications = publicationsOf(thread, cpu.id, PUBLICATIONS);
  const reader = new ClockReader(thread, publications, clockAddresses(cpu.id));
  const change = frequencyChange(thread, thread.vcpu);
  let previous = 0n;
  return {
    step() {
      if (random.sometimes(READS_PER_SILENCE)) kvm.cpu.passTime(SILENCE);
      const value = reader.read();
      if (value < previous) {
        violated('P3', `${value} ns came after ${previous} ns on the same vCPU.`);
      }
      previous = value;
      if (random.sometimes(READS_PER_CHANGE)) cpu.exitToUser(change);
    },
  };
}

/** At the exit for a kick its thread goes back to user space first, if that is wanted. */
function changeAtExits(ops: HostOps, thread: HostThread): HostOps {
  const { ledger } = thread;
  return {
    ...ops,
    handleExternalInterrupt(kvm, vcpu) {
      ops.handleExternalInterrupt(kvm, vcpu);
      if (ledger.load32(WANTED) === 0) return;
      ledger.store32(WANTED, 0);
      frequencyChange(thread, vcpu)();
    },
  };
}

/** Ioctls of the vCPU: half as fast again, and back. */
function frequencyChange({ kvm, ledger, machine }: HostThread, vcpu: VcpuRecord): () => void {
  const usual = machine.tscKhz[0]!;
  return () => {
    const tsc = getOneMsr(kvm, vcpu, MSR_IA32_TSC)!;
    const changed = ledger.load32(CHANGED) === 0;
    ledger.store32(CHANGED, changed ? 1 : 0);
    kvm.ops.setTscKhz(kvm, vcpu, changed ? Math.floor((usual * 3) / 2) : usual);
    // KVM takes a write with another frequency for a new line of TSCs, and makes a new pair for it.
    setOneMsr(kvm, vcpu, MSR_IA32_TSC, tsc);
  };
}

/** What else a clock is updated for, and a frequency changed. */
function disturb(thread: HostThread): Program {
  const asking = askForUpdates(thread);
  return {
    step(instance) {
      thread.ledger.store32(WANTED, thread.random.below(2));
      asking.step(instance);
    },
  };
}
