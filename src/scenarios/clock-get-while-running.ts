import { KVM_CLOCK_TSC_STABLE } from '../abi/kvm-clock-data.ts';
import { scaleDelta } from '../abi/pvclock-scale.ts';
import { VM } from '../host/records.ts';
import { tscTimeScale } from '../host/time-scale.ts';
import { clockAddresses, registerClock, requestMasterclockUpdate } from './clock-support.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** Ledger: a counter that is odd while the master clock is switched, how many pairs, and the last of them. */
const GENERATION = 0;
const COUNT = 8;
const PAIRS = 64;
const REMEMBERED = 8;
const PAIR_BYTES = 16;
/** Steps of the counter during a call after which the pair it used is still remembered: four for each. */
const MOST_SWITCHES = 2 * REMEMBERED;
const pairAt = (number: number): number => PAIRS + (number % REMEMBERED) * PAIR_BYTES;

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

const SWITCHER = 0;

/** A VMM thread calls KVM_GET_CLOCK while entries of a vCPU take new pairs, and switch the master clock. */
export const clockGetWhileRunning: Scenario = {
  name: 'clock-get-while-running',
  summary:
    'A VMM thread gets the clock (KVM_GET_CLOCK) while the master clock takes new pairs, and goes on and off.',
  mechanism: 'kvmclock',
  roles: ['readClock'],
  invariants: ['M3'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: 62 },
  // The raw clock leaves the master clock's line quickly, so that one is not taken for the other.
  machine: { rawClockPpm: 500_000 },
  controlled: { vcpus: 1 },
  ledgerBytes: PAIRS + REMEMBERED * PAIR_BYTES,
  threads: ({ vcpus }) => [
    { name: 'getter', start: getClocks },
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: vcpu === SWITCHER ? switchMasterClock : readOwnClock,
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

function switchMasterClock(thread: VcpuThread): Program {
  const { cpu, kvm, ledger, random, idle } = thread;
  const { memory, vm } = kvm;
  const notePair = (): void => {
    const number = ledger.load32(COUNT);
    ledger.store64(pairAt(number), memory.load64(vm + VM.masterCycleNow));
    ledger.store64(pairAt(number) + 8, memory.load64(vm + VM.masterKernelNs));
    ledger.store32(COUNT, number + 1);
  };
  registerClock(thread);
  notePair();
  let used = true;
  return {
    step() {
      // A new pair, or none for a while.
      if (random.below(2) === 0) used = !used;
      const generation = ledger.load32(GENERATION);
      ledger.store32(GENERATION, generation + 1);
      memory.store32(vm + VM.vcpusMatchedTsc, used ? 1 : 0);
      requestMasterclockUpdate(thread);
      cpu.exit();
      if (used) notePair();
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
      const began = ledger.load32(GENERATION);
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
      const lines = lastLines(data.hostTsc);
      const settled =
        (generation & 1) === 0 &&
        generation - began < MOST_SWITCHES &&
        ledger.load32(GENERATION) === generation;
      if (!settled) {
        outcome(UNJUDGED);
        return;
      }
      if (!lines.some((line) => BigInt.asUintN(64, line + offset) === data.clock)) {
        violated(
          'M3',
          `KVM_GET_CLOCK says ${data.clock} ns with TSC_STABLE at TSC ${data.hostTsc}, where no pair of the master clock has its line.`,
          lines.map((line) => `line of a pair: ${BigInt.asUintN(64, line + offset)} ns`),
        );
      }
      outcome(STABLE);
    },
  };

  /** What the last pairs give at a TSC, the newest first. */
  function lastLines(tsc: bigint): bigint[] {
    const count = ledger.load32(COUNT);
    return Array.from({ length: Math.min(count, REMEMBERED) }, (_, back) => {
      const pair = pairAt(count - 1 - back);
      const ticks = BigInt.asUintN(64, tsc - ledger.load64(pair));
      return ledger.load64(pair + 8) + scaleDelta(ticks, scale.mul, scale.shift);
    });
  }
}
