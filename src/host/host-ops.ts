import * as clockIoctls from './clock-ioctls.ts';
import * as cpuid from './cpuid.ts';
import * as entry from './entry.ts';
import * as features from './features.ts';
import * as halt from './halt.ts';
import * as hypercalls from './hypercall.ts';
import * as kvmclock from './kvmclock.ts';
import * as lapic from './lapic.ts';
import * as masterClock from './master-clock.ts';
import * as msr from './msr.ts';
import * as pvEoi from './pv-eoi.ts';
import * as requests from './requests.ts';
import * as schedule from './schedule.ts';
import * as stealTime from './steal-time.ts';
import * as time from './time.ts';
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
  takeInjectedVector: entry.takeInjectedVector,
  leaveGuest: entry.leaveGuest,

  setMsr: msr.setMsr,
  getMsr: msr.getMsr,
  guestPvHas: features.guestPvHas,
  cpuid: cpuid.cpuid,

  bootRawNs: time.bootRawNs,
  bootRawNsAt: time.bootRawNsAt,
  realtimeNsAt: time.realtimeNsAt,
  guestTsc: time.guestTsc,

  writeSystemTime: kvmclock.writeSystemTime,
  globalClockUpdate: kvmclock.globalClockUpdate,
  guestTimeUpdate: kvmclock.guestTimeUpdate,
  clockParameters: kvmclock.clockParameters,
  publishClock: kvmclock.publishClock,
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
  setGuestPaused: clockIoctls.setGuestPaused,

  writeWallClock: wallClock.writeWallClock,
  wallClockEpochNs: wallClock.wallClockEpochNs,
  copyWallClock: wallClock.copyWallClock,

  writeStealTimeMsr: stealTime.writeStealTimeMsr,
  stealArea: stealTime.stealArea,
  recordStealTime: stealTime.recordStealTime,
  clearPreempted: stealTime.clearPreempted,
  updateSteal: stealTime.updateSteal,
  accumulateSteal: stealTime.accumulateSteal,
  setPreempted: stealTime.setPreempted,
  flushGuestTlb: stealTime.flushGuestTlb,

  handleExternalInterrupt: schedule.handleExternalInterrupt,
  scheduleOut: schedule.scheduleOut,
  scheduleIn: schedule.scheduleIn,
  preemptVcpu: schedule.preemptVcpu,

  haltVcpu: halt.haltVcpu,
  vcpuHasWork: halt.vcpuHasWork,

  hypercall: hypercalls.hypercall,

  lapicInKernel: lapic.lapicInKernel,
  acceptInterrupt: lapic.acceptInterrupt,
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

  writePvEoiMsr: pvEoi.writePvEoiMsr,
  pvEoiByte: pvEoi.pvEoiByte,
  pvEoiToGuest: pvEoi.pvEoiToGuest,
  pvEoiFromGuest: pvEoi.pvEoiFromGuest,
  touchPvEoiRemotely: pvEoi.touchPvEoiRemotely,
  eoiReachesIoapic: pvEoi.eoiReachesIoapic,
};

/** The operations of a host: the reference's names and signatures. */
export type HostOps = typeof referenceHost;
