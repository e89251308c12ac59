import { asyncPageFault } from './async-page-fault.ts';
import { asyncPageFaultAcknowledge } from './async-page-fault-acknowledge.ts';
import { asyncPageFaultMigration } from './async-page-fault-migration.ts';
import { asyncPageFaultWakeBeforeWait } from './async-page-fault-wake-before-wait.ts';
import { clockDetection } from './clock-detection.ts';
import { clockFlagsInvalid } from './clock-flags-invalid.ts';
import { clockFrequencyChange } from './clock-frequency-change.ts';
import { clockGetWhileRunning } from './clock-get-while-running.ts';
import { clockMonotonicStable } from './clock-monotonic-stable.ts';
import { clockMonotonicUnstable } from './clock-monotonic-unstable.ts';
import { clockPairUpdates } from './clock-pair-updates.ts';
import { clockSetWhileRunning } from './clock-set-while-running.ts';
import { clockStableLoss } from './clock-stable-loss.ts';
import { clockStableSwitch } from './clock-stable-switch.ts';
import { clockUpdatesAll } from './clock-updates-all.ts';
import { findByName } from './find.ts';
import { guestStopped } from './guest-stopped.ts';
import { haltPoll } from './halt-poll.ts';
import { hotplugDisable } from './hotplug-disable.ts';
import { hotplugFewFeatures } from './hotplug-few-features.ts';
import { kickBeforeHalt } from './kick-before-halt.ts';
import { coherence } from './litmus/coherence.ts';
import { messagePassing } from './litmus/message-passing.ts';
import { storeBuffering } from './litmus/store-buffering.ts';
import { liveMigration } from './live-migration.ts';
import { mapGpaRange } from './map-gpa-range.ts';
import { memslotMove } from './memslot-move.ts';
import { msrStorm } from './msr-storm.ts';
import { preemptedFlag } from './preempted-flag.ts';
import { pvEoiRemoteClear } from './pv-eoi-remote-clear.ts';
import { pvEoiStorm } from './pv-eoi-storm.ts';
import { pvEoiUnplug } from './pv-eoi-unplug.ts';
import { pvSpinlock } from './pv-spinlock.ts';
import { pvSpinlockHandover } from './pv-spinlock-handover.ts';
import { pvTlbFlush } from './pv-tlb-flush.ts';
import { pvclockOwnArea } from './pvclock-own-area.ts';
import { pvclockTornRead } from './pvclock-torn-read.ts';
import { partOf } from './reference-part.ts';
import { requestKick } from './request-kick.ts';
import type { Scenario } from './scenario.ts';
import { stealTimeRemoteRead } from './steal-time-remote-read.ts';
import { wallClockReaders } from './wall-clock-readers.ts';

/** All scenarios, as `pvrace list` shows them. */
export const scenarios: readonly Scenario[] = [
  clockDetection,
  pvclockTornRead,
  pvclockOwnArea,
  clockMonotonicStable,
  clockMonotonicUnstable,
  clockFlagsInvalid,
  clockStableSwitch,
  clockStableLoss,
  clockUpdatesAll,
  clockPairUpdates,
  clockSetWhileRunning,
  clockGetWhileRunning,
  clockFrequencyChange,
  guestStopped,
  wallClockReaders,
  stealTimeRemoteRead,
  preemptedFlag,
  pvTlbFlush,
  pvEoiStorm,
  pvEoiRemoteClear,
  pvEoiUnplug,
  requestKick,
  asyncPageFault,
  asyncPageFaultWakeBeforeWait,
  asyncPageFaultAcknowledge,
  asyncPageFaultMigration,
  haltPoll,
  kickBeforeHalt,
  pvSpinlock,
  pvSpinlockHandover,
  hotplugDisable,
  hotplugFewFeatures,
  memslotMove,
  liveMigration,
  mapGpaRange,
  msrStorm,
  storeBuffering,
  messagePassing,
  coherence,
];

// What they must remember is in the ledger; a scenario that is made of one of them has the same functions.
for (const { name, threads, instrument, controlled } of scenarios) {
  for (const part of [threads, instrument, controlled]) {
    if (part !== undefined) partOf(name, part);
  }
}

/** @throws UsageError */
export function findScenario(name: string): Scenario {
  return findByName('scenario', name, scenarios, (scenario) => scenario.name);
}
