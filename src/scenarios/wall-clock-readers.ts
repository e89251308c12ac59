import { MSR_KVM_WALL_CLOCK_NEW } from '../abi/msr.ts';
import { PVCLOCK_WALL_CLOCK_VERSION } from '../abi/pvclock-wall-clock.ts';
import type { HostOps } from '../host/host-ops.ts';
import { VCPU, VM } from '../host/records.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
} from './clock-support.ts';
import { WALL_CLOCK_AREA } from './guest-map.ts';
import { HISTORY_BYTES, History } from './history.ts';
import { HistoryReader, READ_OUTCOMES } from './history-reader.ts';
import { PUBLICATIONS_BYTES, timeAt } from './publications.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

/** vCPUs that may write the wall clock, at most. */
const MOST_WRITERS = 4;

/** Ledger: what each writer wrote as the wall clock, then what the clock area of each vCPU says. */
const HISTORIES = 0;
const PUBLICATIONS = MOST_WRITERS * HISTORY_BYTES;

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/**
 * CLOCK_REALTIME is stepped by so much before each write: no two of the publications that the checker
 * remembers have the same seconds or the same nanoseconds, so that no mixture of two is a third.
 */
const REALTIME_STEP = 1_003_000_007n;

/** Two seconds before the seconds since 1970 no longer fit 31 bits, and so close to a second that guest time carries. */
const BEFORE_2038 = (2n ** 31n - 2n) * NANOSECONDS_PER_SECOND + 980_000_000n;
/** Of guest time: half a second. */
const FIRST_TICK = 1_150_000_000n;

/** A vCPU writes the wall clock MSR again and again while the others read the area. */
export const wallClockReaders: Scenario = {
  name: 'wall-clock-readers',
  summary:
    'A vCPU writes the wall clock MSR while CLOCK_REALTIME is stepped; the others read wall clock and clock.',
  mechanism: 'wall-clock',
  roles: ['readWallClock'],
  invariants: ['W1', 'P5', 'F1'],
  outcomes: READ_OUTCOMES,
  vcpus: { default: 2, least: 2, most: 64 },
  machine: { realtimeOffset: BEFORE_2038, firstTick: FIRST_TICK },
  ledgerBytes: PUBLICATIONS + 64 * PUBLICATIONS_BYTES,
  // The second read of a vCPU finds what the first has left behind.
  controlled: { steps: 2 },
  instrument: (ops, thread) => noteWallClock(notePublications(ops, thread, PUBLICATIONS), thread),
  threads({ vcpus, wallClockWriters }) {
    const writers = Math.min(wallClockWriters, MOST_WRITERS);
    return Array.from({ length: vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start(thread: VcpuThread): Program {
        if (vcpu === 0) return writeWallClocks(thread);
        const reader = readWallClocks(thread, writers);
        return vcpu < writers ? inTurn(writeWallClocks(thread), reader) : reader;
      },
    }));
  },
};

function historyOf({ ledger }: HostThread, writer: number): History {
  return new History(ledger, HISTORIES + writer * HISTORY_BYTES);
}

/** Makes the host note what it writes, as the area holds it: seconds modulo 2^32. */
function noteWallClock(ops: HostOps, thread: HostThread): HostOps {
  let history: History | undefined;
  return {
    ...ops,
    setMsr(kvm, vcpu, access, value) {
      // What vCPU 0 has written to some other place, on the side, is no publication in this one.
      history =
        value === BigInt(WALL_CLOCK_AREA)
          ? historyOf(thread, kvm.memory.load32(vcpu + VCPU.id))
          : undefined;
      return ops.setMsr(kvm, vcpu, access, value);
    },
    wallClockEpochNs(kvm) {
      const { memory, vm } = kvm;
      const stepped = memory.load64(vm + VM.realtimeOffset);
      const epoch = ops.wallClockEpochNs(kvm);
      // Another writer may step CLOCK_REALTIME meanwhile.
      if (memory.load64(vm + VM.realtimeOffset) === stepped) checkEpoch(thread, epoch, stepped);
      const seconds = BigInt.asUintN(32, epoch / NANOSECONDS_PER_SECOND);
      history?.begin(seconds * NANOSECONDS_PER_SECOND + (epoch % NANOSECONDS_PER_SECOND));
      return epoch;
    },
    writeWallClock(kvm, value) {
      ops.writeWallClock(kvm, value);
      history?.end();
    },
  };
}

/**
 * P5 of the wall clock: CLOCK_REALTIME and guest time follow the same raw clock, so the difference of the
 * two is one number, whenever it is taken; up to the rounding of the scale.
 */
function checkEpoch({ kvm, violated }: HostThread, epoch: bigint, realtimeOffset: bigint): void {
  const { memory, vm } = kvm;
  const truth = BigInt.asUintN(64, realtimeOffset - memory.load64(vm + VM.kvmclockOffset));
  const sincePair =
    kvm.ops.bootRawNsAt(kvm, kvm.cpu.hostTsc()) - memory.load64(vm + VM.masterKernelNs);
  const rounding = 4n + sincePair / NANOSECONDS_PER_SECOND;
  const off = BigInt.asIntN(64, epoch - truth);
  if (off >= -rounding && off <= rounding) return;
  violated(
    'P5',
    `The wall clock is off by ${off} ns: it says that guest time was 0 at ${epoch} ns.`,
  );
}

function writeWallClocks({ cpu, kvm, machine, idle }: VcpuThread): Program {
  if (cpu.id === 0)
    cpu.store32(WALL_CLOCK_AREA + PVCLOCK_WALL_CLOCK_VERSION, machine.initialVersion >>> 0);
  const write = (): void => {
    kvm.memory.lockAdd64(kvm.vm + VM.realtimeOffset, REALTIME_STEP);
    cpu.wrmsr(MSR_KVM_WALL_CLOCK_NEW, BigInt(WALL_CLOCK_AREA));
  };
  write();
  return {
    step() {
      write();
      idle();
    },
  };
}

function inTurn(...programs: readonly Program[]): Program {
  return {
    step(instance) {
      for (const program of programs) program.step(instance);
    },
  };
}

function readWallClocks(thread: VcpuThread, writers: number): Program {
  registerClock(thread);
  const { cpu, roles, violated } = thread;
  const at = { ...clockAddresses(cpu.id), wallClock: WALL_CLOCK_AREA };
  // The master clock keeps its pair for the whole run: whatever is published here says the same.
  const clock = publicationsOf(thread, cpu.id, PUBLICATIONS);
  const reader = new HistoryReader(thread, {
    histories: Array.from({ length: writers }, (_, writer) => historyOf(thread, writer)),
    torn: 'W1',
    parts: [
      { name: 'sec', of: (epoch) => epoch / NANOSECONDS_PER_SECOND },
      { name: 'nsec', of: (epoch) => epoch % NANOSECONDS_PER_SECOND },
    ],
  });
  return {
    step() {
      reader.before();
      cpu.forgetSamples();
      const value = roles.readWallClock(cpu, at);
      if (cpu.sampled === 0) violated('F1', `${value} ns was returned without a look at the TSC.`);
      const line = clock.read(clock.finished - 1);
      const readings: bigint[] = [];
      for (let back = 0; back < cpu.remembered; back++) {
        readings.push(BigInt.asUintN(64, value - timeAt(line, cpu.sample(back))));
      }
      reader.after(readings);
    },
  };
}
