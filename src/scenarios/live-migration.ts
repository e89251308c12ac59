import { KVM_FEATURE_MIGRATION_CONTROL, KVM_SUPPORTED_FEATURES } from '../abi/cpuid.ts';
import { PageFaultWatch } from './async-page-fault-watch.ts';
import { checkClockSet } from './clock-set.ts';
import { notePublications } from './clock-support.ts';
import { MOST_CONVERTERS } from './conversions.ts';
import { guardHostWrites } from './host-writes.ts';
import { anotherHost, serveMigrationControl } from './hosts.ts';
import { askForMapGpaRange } from './map-gpa-range.ts';
import { checkStaysStable, watchMigration } from './migration-watch.ts';
import { moveStory } from './move-story.ts';
import { doesWhenMoved, movedGuest } from './moved-guest.ts';
import {
  LEDGER_BYTES,
  MIGRATION,
  MIGRATION_OUTCOMES,
  MOVED,
  PAGE_FAULTS,
  PUBLICATIONS,
  STANDS_BY,
  STAYED,
  UPDATE_TURNS,
  WORKERS,
} from './moved-ledger.ts';
import { oneUpdateAtATime } from './one-update-at-a-time.ts';
import { serveFaults } from './page-fault-worker.ts';
import { watchPvEoi } from './pv-eoi-watch.ts';
import type { HostThread, Program, Scenario, ThreadSpec } from './scenario.ts';

/** Of so many steps of the VMM, one is a migration; the others raise interrupts. */
const STEPS_PER_MIGRATION = 3;

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
  outcomes: MIGRATION_OUTCOMES,
  vcpus: { default: 2, least: 1, most: MOST_CONVERTERS },
  machine: {
    features: (KVM_SUPPORTED_FEATURES | (1 << KVM_FEATURE_MIGRATION_CONTROL)) >>> 0,
    encrypted: true,
  },
  controlled: { vcpus: 1, machine: moveStory('clock', 'move', 'stop', 'clock') },
  ledgerBytes: LEDGER_BYTES,
  instrument(ops, thread) {
    const clock = checkClockSet(notePublications(ops, thread, PUBLICATIONS), thread);
    const stable = checkStaysStable(clock, thread);
    const pages = new PageFaultWatch(thread, PAGE_FAULTS).instrument(stable);
    const watched = watchMigration(watchPvEoi(pages, thread), thread, MIGRATION);
    return guardHostWrites(oneUpdateAtATime(watched, thread, UPDATE_TURNS), thread);
  },
  threads(machine) {
    const threads: ThreadSpec[] = Array.from({ length: machine.vcpus }, (_, vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start: movedGuest,
    }));
    if (!machine.moveActions.includes('move')) threads.push({ name: 'vmm', start: moveAround });
    if (doesWhenMoved(machine, 'page')) {
      threads.push({ name: 'worker', start: (thread) => serveFaults(thread, WORKERS) });
    }
    return threads;
  },
};

function moveAround(thread: HostThread): Program {
  const { kvm, ledger, machine, random, idle, outcome } = thread;
  askForMapGpaRange(thread);
  serveMigrationControl(thread);
  const { vectors, vcpus, moveActions } = machine;
  const standsBy = moveActions.includes('be moved');
  return {
    step() {
      while (standsBy && ledger.load32(STANDS_BY) === 0) kvm.cpu.relax();
      if (moveActions.length > 0 || random.below(STEPS_PER_MIGRATION) === 0) {
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
