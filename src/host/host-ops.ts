import * as asyncPf from './async-page-fault.ts';
import * as asyncPfGfns from './async-page-fault-gfns.ts';
import * as asyncPfMsr from './async-page-fault-msr.ts';
import * as asyncPfQueue from './async-page-fault-queue.ts';
import * as asyncPfReady from './async-page-fault-ready.ts';
import * as asyncPfWork from './async-page-fault-work.ts';
import * as clockIoctls from './clock-ioctls.ts';
import * as clockPairing from './clock-pairing.ts';
import * as cpuid from './cpuid.ts';
import * as entry from './entry.ts';
import * as features from './features.ts';
import * as halt from './halt.ts';
import * as hostPages from './host-pages.ts';
import * as hypercalls from './hypercall.ts';
import * as kvmRun from './kvm-run.ts';
import * as kvmclock from './kvmclock.ts';
import * as lapic from './lapic.ts';
import * as liveMigration from './live-migration.ts';
import * as mapGpaRange from './map-gpa-range.ts';
import * as masterClock from './master-clock.ts';
import * as migrationControl from './migration-control.ts';
import * as msr from './msr.ts';
import * as msrExit from './msr-exit.ts';
import * as msrFilter from './msr-filter.ts';
import * as pollControl from './poll-control.ts';
import * as pvEoi from './pv-eoi.ts';
import * as pvUnhalt from './pv-unhalt.ts';
import * as requests from './requests.ts';
import * as reset from './reset.ts';
import * as schedule from './schedule.ts';
import * as sendIpi from './send-ipi.ts';
import * as sharedRanges from './shared-ranges.ts';
import * as stealTime from './steal-time.ts';
import * as time from './time.ts';
import * as tscKhz from './tsc-khz.ts';
import * as tscSync from './tsc-sync.ts';
import * as vcpuState from './vcpu-state.ts';
import * as wallClock from './wall-clock.ts';

/**
 * Every operation of the host, by name: the reference, which is Linux 6.18 as recorded. A twin is
 * `{ ...referenceHost, publishClock: broken }`.
 */
export const referenceHost = {
  makeRequest: requests.makeRequest,
  checkRequest: requests.checkRequest,
  clearRequest: requests.clearRequest,
  kickVcpu: requests.kickVcpu,
  wakeHaltedVcpu: requests.wakeHaltedVcpu,
  makeAllVcpusRequestAndWait: requests.makeAllVcpusRequestAndWait,

  enterGuest: entry.enterGuest,
  serveRequests: entry.serveRequests,
  enterGuestMode: entry.enterGuestMode,
  cancelEntry: entry.cancelEntry,
  cancelInjection: entry.cancelInjection,
  takeInjectedVector: entry.takeInjectedVector,
  leaveGuest: entry.leaveGuest,

  setMsr: msr.setMsr,
  getMsr: msr.getMsr,
  emulateWrmsr: msrExit.emulateWrmsr,
  emulateRdmsr: msrExit.emulateRdmsr,
  msrAllowed: msrFilter.msrAllowed,
  vmmServesMsr: migrationControl.vmmServesMsr,
  writePollControl: pollControl.writePollControl,
  writeAsyncPfEnable: asyncPfMsr.writeAsyncPfEnable,
  writeAsyncPfInt: asyncPfMsr.writeAsyncPfInt,
  writeAsyncPfAck: asyncPfMsr.writeAsyncPfAck,
  guestPvHas: features.guestPvHas,
  cpuid: cpuid.cpuid,
  setCpuid: cpuid.setCpuid,
  setTscKhz: tscKhz.setTscKhz,
  synchronizeTsc: tscSync.synchronizeTsc,
  writeGuestTsc: tscSync.writeGuestTsc,
  resetVcpu: reset.resetVcpu,

  bootRawNs: time.bootRawNs,
  bootRawNsAt: time.bootRawNsAt,
  realtimeNsAt: time.realtimeNsAt,
  guestTsc: time.guestTsc,

  writeSystemTime: kvmclock.writeSystemTime,
  globalClockUpdate: kvmclock.globalClockUpdate,
  guestTimeUpdate: kvmclock.guestTimeUpdate,
  clockParameters: kvmclock.clockParameters,
  clockScaleKhz: kvmclock.clockScaleKhz,
  publishClock: kvmclock.publishClock,
  beginPublication: kvmclock.beginPublication,
  endPublication: kvmclock.endPublication,
  oddVersion: kvmclock.oddVersion,
  retainedFlags: kvmclock.retainedFlags,
  copyClock: kvmclock.copyClock,

  updateMasterclock: masterClock.updateMasterclock,
  startPvclockUpdate: masterClock.startPvclockUpdate,
  updateGtodCopy: masterClock.updateGtodCopy,
  endPvclockUpdate: masterClock.endPvclockUpdate,
  releaseVcpus: masterClock.releaseVcpus,
  beginClockRead: masterClock.beginClockRead,
  retryClockRead: masterClock.retryClockRead,

  getClock: clockIoctls.getClock,
  readClockData: clockIoctls.readClockData,
  setClock: clockIoctls.setClock,
  setClockOffset: clockIoctls.setClockOffset,
  passedSince: clockIoctls.passedSince,
  clockBaseNs: clockIoctls.clockBaseNs,
  setGuestPaused: clockIoctls.setGuestPaused,

  writeWallClock: wallClock.writeWallClock,
  wallClockEpochNs: wallClock.wallClockEpochNs,
  copyWallClock: wallClock.copyWallClock,

  writeStealTimeMsr: stealTime.writeStealTimeMsr,
  stealArea: stealTime.stealArea,
  stealCache: stealTime.stealCache,
  recordStealTime: stealTime.recordStealTime,
  clearPreempted: stealTime.clearPreempted,
  updateSteal: stealTime.updateSteal,
  endSteal: stealTime.endSteal,
  accumulateSteal: stealTime.accumulateSteal,
  setPreempted: stealTime.setPreempted,
  flushGuestTlb: stealTime.flushGuestTlb,

  handleExternalInterrupt: schedule.handleExternalInterrupt,
  scheduleOut: schedule.scheduleOut,
  scheduleIn: schedule.scheduleIn,
  preemptVcpu: schedule.preemptVcpu,

  pageResident: hostPages.pageResident,
  swapOutPage: hostPages.swapOutPage,
  faultInPage: hostPages.faultInPage,
  handlePageFault: asyncPf.handlePageFault,
  asyncPfEnabled: asyncPf.asyncPfEnabled,
  asyncPfArea: asyncPf.asyncPfArea,
  canDeliverAsyncPf: asyncPf.canDeliverAsyncPf,
  canDoAsyncPf: asyncPf.canDoAsyncPf,
  nextAsyncPfToken: asyncPf.nextAsyncPfToken,
  setupAsyncPf: asyncPf.setupAsyncPf,
  startAsyncPf: asyncPf.startAsyncPf,
  asyncPageNotPresent: asyncPf.asyncPageNotPresent,
  putPageNotPresent: asyncPf.putPageNotPresent,
  queuePageFault: asyncPf.queuePageFault,
  haltForPage: asyncPf.haltForPage,
  haltedForPage: asyncPf.haltedForPage,
  addAsyncPfGfn: asyncPfGfns.addAsyncPfGfn,
  findAsyncPfGfn: asyncPfGfns.findAsyncPfGfn,
  deleteAsyncPfGfn: asyncPfGfns.deleteAsyncPfGfn,
  resetAsyncPfGfns: asyncPfGfns.resetAsyncPfGfns,
  allocateAsyncPfWork: asyncPfWork.allocateAsyncPfWork,
  freeAsyncPfWork: asyncPfWork.freeAsyncPfWork,
  scheduleAsyncPfWork: asyncPfWork.scheduleAsyncPfWork,
  takeAsyncPfWork: asyncPfWork.takeAsyncPfWork,
  executeAsyncPfWork: asyncPfWork.executeAsyncPfWork,
  finishAsyncPfWork: asyncPfWork.finishAsyncPfWork,
  runAsyncPfWorker: asyncPfWork.runAsyncPfWorker,
  flushAsyncPfWork: asyncPfWork.flushAsyncPfWork,
  cancelAsyncPfWork: asyncPfWork.cancelAsyncPfWork,
  lockAsyncPf: asyncPfQueue.lockAsyncPf,
  unlockAsyncPf: asyncPfQueue.unlockAsyncPf,
  asyncPfDoneEmpty: asyncPfQueue.asyncPfDoneEmpty,
  pageIsDone: asyncPfQueue.pageIsDone,
  appendAsyncPfDone: asyncPfQueue.appendAsyncPfDone,
  popAsyncPfDone: asyncPfQueue.popAsyncPfDone,
  checkAsyncPfCompletion: asyncPfQueue.checkAsyncPfCompletion,
  flushAndFreeAsyncPfWork: asyncPfQueue.flushAndFreeAsyncPfWork,
  clearAsyncPfQueue: asyncPfQueue.clearAsyncPfQueue,
  wakeAllAsyncPf: asyncPfQueue.wakeAllAsyncPf,
  asyncPageReadyQueued: asyncPfReady.asyncPageReadyQueued,
  pageReadySlotFree: asyncPfReady.pageReadySlotFree,
  canDequeuePagePresent: asyncPfReady.canDequeuePagePresent,
  putPageReady: asyncPfReady.putPageReady,
  asyncPagePresent: asyncPfReady.asyncPagePresent,
  raisePageReady: asyncPfReady.raisePageReady,
  renewAsyncPf: asyncPf.renewAsyncPf,

  haltVcpu: halt.haltVcpu,
  blockVcpu: halt.blockVcpu,
  noPoll: halt.noPoll,
  pollHalted: halt.pollHalted,
  vcpuHasWork: halt.vcpuHasWork,
  kickCpu: pvUnhalt.kickCpu,
  makeRunnable: pvUnhalt.makeRunnable,

  beginRun: kvmRun.beginRun,
  endRun: kvmRun.endRun,
  signalPending: kvmRun.signalPending,
  waitInUserSpace: kvmRun.waitInUserSpace,
  putVcpu: kvmRun.putVcpu,
  loadVcpu: kvmRun.loadVcpu,
  stopVcpus: kvmRun.stopVcpus,
  resumeVcpus: kvmRun.resumeVcpus,

  hypercall: hypercalls.hypercall,
  yieldTo: hypercalls.yieldTo,
  clockPairing: clockPairing.clockPairing,
  sendIpis: sendIpi.sendIpis,
  mapGpaRange: mapGpaRange.mapGpaRange,
  vmmServesHypercall: mapGpaRange.vmmServesHypercall,
  setShared: sharedRanges.setShared,
  changeSharedRanges: sharedRanges.changeSharedRanges,

  mayMigrate: migrationControl.mayMigrate,
  migrate: liveMigration.migrate,
  moveVm: liveMigration.moveVm,
  saveVm: liveMigration.saveVm,
  saveVcpu: vcpuState.saveVcpu,
  createOnHost: liveMigration.createOnHost,
  restoreVm: liveMigration.restoreVm,
  restoreState: liveMigration.restoreState,
  restoreClock: liveMigration.restoreClock,
  restoreVcpu: vcpuState.restoreVcpu,
  tellGuestStopped: liveMigration.tellGuestStopped,

  lapicInKernel: lapic.lapicInKernel,
  setApicEnabled: lapic.setApicEnabled,
  acceptInterrupt: lapic.acceptInterrupt,
  setIrr: lapic.setIrr,
  highestIrr: lapic.highestIrr,
  highestIsr: lapic.highestIsr,
  updatePpr: lapic.updatePpr,
  pendingInterrupt: lapic.pendingInterrupt,
  acknowledgeInterrupt: lapic.acknowledgeInterrupt,
  clearIrr: lapic.clearIrr,
  setEoi: lapic.setEoi,
  clearIsr: lapic.clearIsr,
  injectPendingEvent: lapic.injectPendingEvent,
  handleInterruptWindow: lapic.handleInterruptWindow,
  savedIsr: lapic.savedIsr,
  syncLapicToGuest: lapic.syncLapicToGuest,
  syncLapicFromGuest: lapic.syncLapicFromGuest,
  getLapic: lapic.getLapic,
  setLapic: lapic.setLapic,

  writePvEoiMsr: pvEoi.writePvEoiMsr,
  pvEoiByte: pvEoi.pvEoiByte,
  pvEoiToGuest: pvEoi.pvEoiToGuest,
  interruptWaits: pvEoi.interruptWaits,
  pvEoiFromGuest: pvEoi.pvEoiFromGuest,
  touchPvEoiRemotely: pvEoi.touchPvEoiRemotely,
  eoiReachesIoapic: pvEoi.eoiReachesIoapic,
};

/** The operations of a host: the reference's names and signatures. */
export type HostOps = typeof referenceHost;
