import { VM } from '../../host/records.ts';
import {
  clockAddresses,
  registerClock,
  requestClockUpdate,
} from '../../scenarios/clock-support.ts';
import type { Program, Scenario, ThreadSpec, VcpuThread } from '../../scenarios/scenario.ts';
import { BENCH_SCENARIO } from './bench-scenario.ts';
import type { Workload } from './workload.ts';

/** Nanoseconds between two updates of the paced writer. */
const PACE = 10_000n;

/** vCPU 0 owns the area that all others, or it alone, read. */
function readers(vcpus: number, area: (vcpu: number) => number): ThreadSpec[] {
  return Array.from({ length: vcpus }, (_, vcpu) => ({
    name: `vcpu${vcpu}`,
    vcpu,
    start: (thread: VcpuThread) => read(thread, area(vcpu)),
  }));
}

function read(thread: VcpuThread, owner: number): Program {
  const { cpu, roles } = thread;
  if (cpu.id === owner) registerClock(thread);
  const at = clockAddresses(owner);
  return {
    step() {
      roles.readClock(cpu, at);
    },
  };
}

/** The vCPU whose area the others read; its thread does nothing but update it. */
function writer(vcpu: number, nanoseconds: bigint): ThreadSpec {
  return {
    name: 'writer',
    vcpu,
    start(thread) {
      registerClock(thread);
      const { kvm } = thread;
      let next = process.hrtime.bigint();
      return {
        step() {
          while (nanoseconds > 0n && process.hrtime.bigint() < next) kvm.cpu.relax();
          next += nanoseconds;
          // The pair moves on, as it would between two updates.
          kvm.memory.store64(kvm.vm + VM.masterCycleNow, kvm.cpu.hostTsc());
          requestClockUpdate(thread);
          thread.cpu.exit();
        },
      };
    },
  };
}

function scenario(name: string, summary: string, threads: Scenario['threads']): Scenario {
  return { ...BENCH_SCENARIO, name: `bench:${name}`, summary, roles: ['readClock'], threads };
}

const measured = { counts: 'vcpu-steps', native: true } as const;

const SOLO = 'Each vCPU reads its own pvclock area; nobody writes.';
export const readSolo: Workload = {
  name: 'pvclock-read-solo',
  summary: SOLO,
  scenario: scenario('pvclock-read-solo', SOLO, ({ vcpus }) => readers(vcpus, (vcpu) => vcpu)),
  ...measured,
  scales: true,
};

const PACED = 'vCPUs read an area that is updated every 10 µs.';
export const readPaced: Workload = {
  name: 'pvclock-read-paced-writer',
  summary: PACED,
  scenario: withWriter('pvclock-read-paced-writer', PACED, PACE),
  ...measured,
  scales: false,
};

const FULL_RATE = 'vCPUs read an area that is updated as fast as the host can.';
export const readFullRate: Workload = {
  name: 'pvclock-read-full-rate-writer',
  summary: FULL_RATE,
  scenario: withWriter('pvclock-read-full-rate-writer', FULL_RATE, 0n),
  ...measured,
  scales: false,
};

function withWriter(name: string, summary: string, nanoseconds: bigint): Scenario {
  return {
    ...scenario(name, summary, ({ vcpus }) => [
      ...readers(vcpus - 1, () => vcpus - 1),
      writer(vcpus - 1, nanoseconds),
    ]),
    vcpus: { default: 2, least: 2, most: 64 },
  };
}
