import { KVM_STEAL_TIME_STEAL, KVM_STEAL_TIME_VERSION } from '../abi/kvm-steal-time.ts';
import { MSR_KVM_STEAL_TIME } from '../abi/msr.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { HostOps } from '../host/host-ops.ts';
import { setMsrs } from '../host/vmm-ioctls.ts';
import type { Gpa } from '../memory/memory-port.ts';
import { stealArea } from './guest-map.ts';
import { HISTORY_BYTES, History } from './history.ts';
import { HistoryReader, READ_OUTCOMES } from './history-reader.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';
import { registerSteal } from './steal-support.ts';

/** Ledger: what was published, and of how many updates the end has begun. */
const HISTORY = 0;
const ENDS = HISTORY_BYTES;
const LEDGER_BYTES = HISTORY_BYTES + 64;
const STOLEN_FROM = 0;

/**
 * What is stolen at a time, ns: more than 2^32, and a random part that stays far below. Both halves of
 * `steal` change each time, and no two publications that the checker remembers share one.
 */
const LEAST_STOLEN = 2 ** 32 + 1;
const MOST_MORE = 2 ** 19;

/** After one preemption in so many the VMM writes the register, as where it restores a vCPU. */
const RESTORE_ONE_IN = 16;

/** The vCPU thread of vCPU 0 is preempted again and again while other vCPUs read its steal time. */
export const stealTimeRemoteRead: Scenario = {
  name: 'steal-time-remote-read',
  summary:
    'vCPU 0 loses its physical CPU again and again; others read its steal time, in 64 bits and in two halves.',
  mechanism: 'steal-time',
  roles: ['readSteal'],
  invariants: ['S2', 'S1', 'F1'],
  outcomes: READ_OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: {},
  ledgerBytes: LEDGER_BYTES,
  controlled: { clockSteps: 0 },
  instrument: noteSteal,
  threads: ({ vcpus }) =>
    Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      // Two for the reader as well: the second finds what the first has left behind, and begins at any moment.
      steps: 2,
      start: vcpu === STOLEN_FROM ? loseTime : readStealTimes,
    })),
};

/** Makes the host note what it publishes. Only vCPU 0 has a steal area. */
function noteSteal(ops: HostOps, { ledger }: HostThread): HostOps {
  const history = new History(ledger, HISTORY);
  return {
    ...ops,
    accumulateSteal(kvm, vcpu, area) {
      const steal = ops.accumulateSteal(kvm, vcpu, area);
      // A host that has no odd version has no middle of an update that a reader could know of.
      if ((kvm.memory.load32(area + KVM_STEAL_TIME_VERSION) & 1) === 0)
        ledger.store32(ENDS, history.started + 1);
      history.begin(steal);
      return steal;
    },
    endSteal(kvm, area, version) {
      // The odd version once more: what is noted with that store is noted neither with the data, nor after
      // the even version, whose reader is to find it.
      kvm.memory.store32(area + KVM_STEAL_TIME_VERSION, version);
      ledger.store32(ENDS, history.started);
      ops.endSteal(kvm, area, version);
    },
    updateSteal(kvm, vcpu, area) {
      ops.updateSteal(kvm, vcpu, area);
      history.end();
    },
  };
}

function loseTime(thread: VcpuThread): Program {
  const { cpu, kvm, vcpu, random, idle } = thread;
  registerSteal(thread);
  const registered = { index: MSR_KVM_STEAL_TIME, data: BigInt(stealArea(STOLEN_FROM)) | 1n };
  // By the VMM's main thread, in a real VMM: it has the vCPU to itself as well.
  const restore = (): void => void setMsrs(kvm, vcpu, [registered]);
  return {
    step() {
      kvm.ops.scheduleIn(kvm, vcpu, LEAST_STOLEN + random.pace(MOST_MORE));
      cpu.exit();
      if (random.below(RESTORE_ONE_IN) === 0) cpu.exitToUser(restore);
      idle();
    },
  };
}

function readStealTimes(thread: VcpuThread): Program {
  const { cpu, roles, ledger, violated } = thread;
  const area = stealArea(STOLEN_FROM);
  const history = new History(ledger, HISTORY);
  const reader = new HistoryReader(thread, {
    histories: [history],
    torn: 'S2',
    parts: [
      { name: 'high half', of: (steal) => steal >> 32n },
      { name: 'low half', of: (steal) => BigInt.asUintN(32, steal) },
    ],
  });
  /** S2 of a value that is whole: the version is odd until its update ends, and nobody accepts it before. */
  function checkEnded(steal: bigint): void {
    const latest = history.started - 1;
    if (latest < 0 || ledger.load32(ENDS) > latest || steal !== history.read(latest)) return;
    // The area may have held the same before.
    if (steal === (latest === 0 ? 0n : history.read(latest - 1))) return;
    violated('S2', `${steal} ns was read in the middle of the update that publishes it.`);
  }

  let previous = 0n;
  const judged = (read: (cpu: Vcpu, at: { readonly area: Gpa }) => bigint): void => {
    reader.before();
    const steal = read(cpu, { area });
    checkEnded(steal);
    reader.after([steal]);
    if (steal < previous) {
      violated('S1', `${steal} ns came after ${previous} ns had been read.`);
    }
    previous = steal;
  };
  return {
    step() {
      judged(roles.readSteal);
      judged(readStealInHalves);
    },
  };
}

/** How a 32-bit kernel reads `steal`: the same protocol with two loads. Source: `kvm_steal_clock` on i386. */
export function readStealInHalves(cpu: Vcpu, at: { readonly area: Gpa }): bigint {
  const { area } = at;
  for (;;) {
    const version = cpu.load32(area + KVM_STEAL_TIME_VERSION);
    // Pairs with the host's barrier before the even version.
    cpu.rmb();
    const low = cpu.load32(area + KVM_STEAL_TIME_STEAL);
    const high = cpu.load32(area + KVM_STEAL_TIME_STEAL + 4);
    // Pairs with the host's barrier after the odd version.
    cpu.rmb();
    if ((version & 1) === 0 && cpu.load32(area + KVM_STEAL_TIME_VERSION) === version) {
      return (BigInt(high) << 32n) | BigInt(low);
    }
  }
}
