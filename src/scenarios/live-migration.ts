import { KVM_FEATURE_MIGRATION_CONTROL, KVM_SUPPORTED_FEATURES } from '../abi/cpuid.ts';
import { KVM_HC_SEND_IPI } from '../abi/hypercall.ts';
import { KVM_MIGRATION_READY, MSR_KVM_MIGRATION_CONTROL, MSR_KVM_PV_EOI_EN } from '../abi/msr.ts';
import { PVCLOCK_FLAGS, PVCLOCK_GUEST_STOPPED } from '../abi/pvclock-vcpu-time-info.ts';
import { PAGE_FAULT_OUTCOMES } from './async-page-fault.ts';
import { PAGE_FAULT_BYTES, PageFaultWatch } from './async-page-fault-watch.ts';
import { CLOCK_FLOOR_BYTES, ClockFloor } from './clock-floor.ts';
import { CLOCK_OUTCOMES, ClockReader } from './clock-reader.ts';
import { checkClockSet } from './clock-set.ts';
import {
  clockAddresses,
  notePublications,
  publicationsOf,
  registerClock,
} from './clock-support.ts';
import { CONVERSIONS_BYTES, Converter, MOST_CONVERTERS } from './conversions.ts';
import { pvEoiWord } from './guest-map.ts';
import { guardHostWrites } from './host-writes.ts';
import { anotherHost, serveMigrationControl } from './hosts.ts';
import { askForMapGpaRange } from './map-gpa-range.ts';
import {
  checkStaysStable,
  MOVES,
  WATCHED_CONVERSIONS,
  WITHHELD,
  watchMigration,
} from './migration-watch.ts';
import { PAGE_WORKER_BYTES, serveFaults, stepDone } from './page-fault-worker.ts';
import { pageUser } from './page-user.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import { handlerBegins, handlerSignals, WATCH_BYTES, watchPvEoi } from './pv-eoi-watch.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';
import { registerSteal } from './steal-support.ts';
import { withinRounding } from './true-time.ts';

/** Ledger: the watch over PV EOI first, which says so itself. */
const MIGRATION = MOST_CONVERTERS * WATCH_BYTES;
const FLOOR = MIGRATION + WATCHED_CONVERSIONS + CONVERSIONS_BYTES;
const PAGE_FAULTS = FLOOR + CLOCK_FLOOR_BYTES;
const WORKERS = PAGE_FAULTS + PAGE_FAULT_BYTES;
const PUBLICATIONS = WORKERS + PAGE_WORKER_BYTES;

/** Of so many steps of the VMM, one is a migration; the others raise interrupts. */
const STEPS_PER_MIGRATION = 3;

/** Looks at something else while the guest withholds its leave, at most. */
const MOST_LOOKS = 64;

const OUTCOMES = [
  ...CLOCK_OUTCOMES,
  { outcome: 'moved', expect: 'ACCEPTABLE', description: 'The VM went to another host.' },
  {
    outcome: 'withheld',
    expect: 'ACCEPTABLE',
    description: 'The guest did not allow it: the VM stayed where it was.',
  },
  {
    outcome: 'stopped',
    expect: 'INTERESTING',
    description: 'A vCPU found GUEST_STOPPED after a migration.',
  },
  ...PAGE_FAULT_OUTCOMES,
] as const;
const MOVED = CLOCK_OUTCOMES.length;
const STAYED = MOVED + 1;
const STOPPED = MOVED + 2;
const USED_PAGE = MOVED + 3;

/**
 * A VM goes from host to host while it runs. A task that sleeps on a token when the VM is saved is woken
 * by the token ~0 that the restored ASYNC_PF_EN brings (A1).
 */
export const liveMigration: Scenario = {
  name: 'live-migration',
  summary:
    'A VM goes to hosts with other TSCs and clocks while its vCPUs read clocks, take interrupts and convert pages.',
  mechanism: 'migration',
  roles: [
    'readClock',
    'checkGuestStopped',
    'signalEoi',
    'enableAsyncPageFaults',
    'pageNotPresent',
    'waitForPage',
    'pageReady',
  ],
  invariants: [
    'P3',
    'P4',
    'P5',
    'P7',
    'P8',
    'F1',
    'M1',
    'E4',
    'E1',
    'E2',
    'E3',
    'E5',
    'E6',
    'E7',
    'E8',
    'G1',
    'G2',
    'A1',
    'A2',
    'A3',
    'A4',
    'A5',
    'A6',
  ],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: MOST_CONVERTERS },
  machine: {
    features: (KVM_SUPPORTED_FEATURES | (1 << KVM_FEATURE_MIGRATION_CONTROL)) >>> 0,
    encrypted: true,
  },
  controlled: { vcpus: 1, machine: { haltPolls: 0, vectors: [0x31], pageActions: ['task'] } },
  ledgerBytes: PUBLICATIONS + MOST_CONVERTERS * PUBLICATIONS_BYTES,
  instrument(ops, thread) {
    const clock = checkClockSet(notePublications(ops, thread, PUBLICATIONS), thread);
    const stable = checkStaysStable(clock, thread);
    const pages = new PageFaultWatch(thread, PAGE_FAULTS).instrument(stable);
    const watched = watchMigration(watchPvEoi(pages, thread), thread, MIGRATION);
    return guardHostWrites(watched, thread);
  },
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({ name: `vcpu${vcpu}`, vcpu, start: work })),
    { name: 'vmm', start: moveAround },
    { name: 'worker', start: (thread) => serveFaults(thread, WORKERS) },
  ],
};

function work(thread: VcpuThread): Program {
  const { cpu, ledger, machine, outcome, random } = thread;
  registerClock(thread);
  registerSteal(thread);
  const endInterrupt = takeInterrupts(thread);
  const usePage = pageUser(thread, new PageFaultWatch(thread, PAGE_FAULTS), WORKERS, endInterrupt);
  const compare = compareClocks(thread);
  const lookForStop = stopSeen(thread);
  const converter = new Converter(thread, MIGRATION + WATCHED_CONVERSIONS);
  const { vectors, vcpus } = machine;
  let running = false;
  return {
    step() {
      // Here and not at the start, where the peers may not be there yet.
      if (!running) begin(thread);
      running = true;
      lookForStop();
      compare();
      const what = random.below(64);
      if (what < 4) {
        const vector = BigInt(vectors[random.below(vectors.length)]!);
        cpu.vmcall(KVM_HC_SEND_IPI, 1n << BigInt(random.below(vcpus)), 0n, 0n, vector);
      } else if (what < 8) converter.convert();
      else if (what < 16 && cpu.id === 0) withhold(thread);
      else if (what === 16) outcome(USED_PAGE + usePage());
      stepDone(ledger, WORKERS);
    },
  };
}

/** Interrupts on; an encrypted guest says that it is ready. */
function begin({ cpu }: VcpuThread): void {
  cpu.sti();
  if (cpu.id === 0) cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, KVM_MIGRATION_READY);
}

/** The guest withdraws its leave for a while. */
function withhold({ cpu, ledger, random }: VcpuThread): void {
  cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, 0n);
  ledger.store32(MIGRATION + WITHHELD, 1);
  for (let looks = random.below(MOST_LOOKS); looks > 0; looks--) cpu.load32(pvEoiWord(cpu.id));
  ledger.store32(MIGRATION + WITHHELD, 0);
  cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, KVM_MIGRATION_READY);
}

/** How the handlers of this vCPU end their interrupts. */
function takeInterrupts(thread: VcpuThread): () => void {
  const { cpu, roles, machine } = thread;
  const word = pvEoiWord(cpu.id);
  const endInterrupt = (): void => {
    handlerBegins(thread, cpu.id);
    handlerSignals(thread, cpu.id, () => roles.signalEoi(cpu, { word }));
  };
  for (const vector of machine.vectors) {
    cpu.onInterrupt(vector, endInterrupt);
  }
  cpu.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(word) | 1n);
  return endInterrupt;
}

/** P3, P4, P5: one judged read at a time. */
function compareClocks(thread: VcpuThread): () => void {
  const { cpu, machine, violated } = thread;
  const floor = new ClockFloor(thread, FLOOR);
  const reader = new ClockReader(
    thread,
    publicationsOf(thread, cpu.id, PUBLICATIONS),
    clockAddresses(cpu.id),
    'P5',
    withinRounding(machine, cpu.id),
  );
  let last = 0n;
  return () => {
    floor.before();
    const value = reader.read();
    if (value < last) {
      violated(
        'P3',
        `${value} ns was returned on vCPU ${cpu.id} after ${last} ns: ${last - value} ns back.`,
      );
    }
    last = value;
    floor.after(value);
  };
}

/** P8: what a vCPU looks for again and again, as a watchdog does. */
function stopSeen(thread: VcpuThread): () => void {
  const { cpu, kvm, ledger, roles, outcome, violated } = thread;
  const at = clockAddresses(cpu.id);
  const moves = MIGRATION + MOVES;
  const flags = kvm.cpu.translate(at.area, 32) + PVCLOCK_FLAGS;
  let seen = 0;
  return () => {
    const before = ledger.load32(moves);
    if (roles.checkGuestStopped(cpu, at)) {
      // A move since the flag was cleared has set it again: that one is still to be seen.
      const again = (kvm.memory.load8(flags) & PVCLOCK_GUEST_STOPPED) !== 0;
      seen = ledger.load32(moves) - (again ? 1 : 0);
      outcome(STOPPED);
    } else if (before !== seen) {
      violated(
        'P8',
        `vCPU ${cpu.id} has been moved ${before} times, found that ${seen} times, and its GUEST_STOPPED is clear.`,
      );
    }
  };
}

function moveAround(thread: HostThread): Program {
  const { kvm, machine, random, idle, outcome } = thread;
  askForMapGpaRange(thread);
  serveMigrationControl(thread);
  const { vectors, vcpus } = machine;
  return {
    step() {
      if (random.below(STEPS_PER_MIGRATION) === 0) {
        const moved = kvm.ops.migrate(kvm, anotherHost(thread));
        outcome(moved ? MOVED : STAYED);
      } else {
        const vcpu = kvm.vcpu(random.below(vcpus));
        kvm.ops.acceptInterrupt(kvm, vcpu, vectors[random.below(vectors.length)]!);
      }
      idle();
    },
  };
}
