import { KVM_CLOCK_TSC_STABLE } from '../abi/kvm-clock-data.ts';
import { scaleDelta } from '../abi/pvclock-scale.ts';
import { VM } from '../host/records.ts';
import { tscTimeScale } from '../host/time-scale.ts';
import { clockAddresses, registerClock } from './clock-support.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: a counter that is odd while the master clock is switched, and the pair since. */
const GENERATION = 0;
const USED = 8;
const CYCLE_NOW = 16;
const KERNEL_NS = 24;

const OUTCOMES = [
  {
    outcome: 'stable',
    expect: 'ACCEPTABLE',
    description: 'TSC_STABLE, and the value is on the line of the master clock.',
  },
  {
    outcome: 'raw',
    expect: 'ACCEPTABLE',
    description: "Without it, and the value is the host's raw clock.",
  },
  {
    outcome: 'unjudged',
    expect: 'ACCEPTABLE',
    description: 'The master clock was switched during the call.',
  },
] as const;
const STABLE = 0;
const RAW = 1;
const UNJUDGED = 2;

/** One VMM thread calls KVM_GET_CLOCK while another switches the master clock on and off. */
export const clockGetWhileRunning: Scenario = {
  name: 'clock-get-while-running',
  summary: 'A VMM thread gets the clock (KVM_GET_CLOCK) while the master clock goes on and off.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['M3'],
  outcomes: OUTCOMES,
  vcpus: { default: 1, least: 1, most: 62 },
  // The raw clock leaves the master clock's line quickly, so that one is not taken for the other.
  machine: { rawClockPpm: 500_000 },
  ledgerBytes: 64,
  threads: ({ vcpus }) => [
    { name: 'getter', start: getClocks },
    { name: 'switcher', start: switchMasterClock },
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: readOwnClock,
    })),
  ],
};

function readOwnClock(thread: VcpuThread): Program {
  registerClock(thread);
  const at = clockAddresses(thread.cpu.id);
  return {
    step() {
      thread.roles.readClock(thread.cpu, at);
    },
  };
}

function switchMasterClock({ kvm, ledger, idle }: HostThread): Program {
  const { memory, vm } = kvm;
  let used = true;
  return {
    step() {
      used = !used;
      const generation = ledger.load32(GENERATION);
      ledger.store32(GENERATION, generation + 1);
      memory.store32(vm + VM.vcpusMatchedTsc, used ? 1 : 0);
      kvm.ops.updateMasterclock(kvm);
      ledger.store32(USED, used ? 1 : 0);
      ledger.store64(CYCLE_NOW, memory.load64(vm + VM.masterCycleNow));
      ledger.store64(KERNEL_NS, memory.load64(vm + VM.masterKernelNs));
      ledger.store32(GENERATION, generation + 2);
      idle();
    },
  };
}

function getClocks({ kvm, ledger, machine, outcome, violated }: HostThread): Program {
  const { memory, vm } = kvm;
  const scale = tscTimeScale(machine.hostTscKhz);
  const raw = (): bigint => kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc());
  return {
    step() {
      const earliest = raw();
      const data = kvm.ops.getClock(kvm);
      const latest = raw();
      const offset = memory.load64(vm + VM.kvmclockOffset);
      if ((data.flags & KVM_CLOCK_TSC_STABLE) === 0) {
        // Whatever was switched meanwhile, a raw value lies between the two raw readings.
        const clock = data.clock - offset;
        if (clock < earliest || clock > latest) {
          violated(
            'M3',
            `KVM_GET_CLOCK says ${data.clock} ns without TSC_STABLE; the raw clock was at ${earliest} to ${latest} ns.`,
          );
        }
        outcome(RAW);
        return;
      }
      const generation = ledger.load32(GENERATION);
      const used = ledger.load32(USED) !== 0;
      const line = scaleDelta(
        BigInt.asUintN(64, data.hostTsc - ledger.load64(CYCLE_NOW)),
        scale.mul,
        scale.shift,
      );
      const expected = BigInt.asUintN(64, ledger.load64(KERNEL_NS) + line + offset);
      const settled = (generation & 1) === 0 && ledger.load32(GENERATION) === generation;
      if (!settled || !used || data.hostTsc < ledger.load64(CYCLE_NOW)) {
        outcome(UNJUDGED);
        return;
      }
      if (expected !== data.clock) {
        violated(
          'M3',
          `KVM_GET_CLOCK says ${data.clock} ns with TSC_STABLE at TSC ${data.hostTsc}, where the master clock's line is at ${expected} ns.`,
        );
      }
      outcome(STABLE);
    },
  };
}
