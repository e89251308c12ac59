export * as abi from './abi/index.ts';
export {
  type InterruptLimits,
  type InterruptPattern,
  interruptPatterns,
  type MachineLimits,
  machines,
  type ScheduleLimits,
  schedules,
} from './arbitraries/index.ts';
export { GeneralProtectionFault } from './cpu/faults.ts';
export type { HostCpu } from './cpu/host-cpu.ts';
export { NO_VECTOR } from './cpu/hypervisor.ts';
export type { SampledVcpu } from './cpu/sampled-vcpu.ts';
export type { CpuidResult, InterruptHandler, Vcpu } from './cpu/vcpu.ts';
export { closePools } from './engines/close-pools.ts';
export type { ModelName } from './engines/controlled/models/memory-model.ts';
export type { Move } from './engines/controlled/move.ts';
export {
  type FindScheduleOptions,
  findSchedule,
  formatReplay,
  parseReplay,
  type Replay,
  type ReplayOptions,
  replay,
} from './engines/replay/index.ts';
export type {
  Broken,
  EngineName,
  EvidenceLine,
  Expectation,
  Failed,
  FailureCode,
  Incomplete,
  OutcomeCount,
  Passed,
  ScenarioResult,
  ScheduleSearch,
} from './engines/result.ts';
export { type SampleOptions, type SampleProgress, sample } from './engines/sample/index.ts';
export {
  type StressOptions,
  type StressProgress,
  stress,
} from './engines/stress/index.ts';
export type { TraceStep } from './engines/trace.ts';
export { UsageError } from './engines/usage-error.ts';
export { type VerifyOptions, type VerifyProgress, verify } from './engines/verify/index.ts';
export { referenceGuest } from './guest/reference.ts';
export type {
  ClockAddresses,
  Detection,
  GuestRoles,
  RoleName,
  WallClockAddresses,
} from './guest/roles.ts';
export { ROLES } from './guest/roles.ts';
export { type HostOps, referenceHost } from './host/host-ops.ts';
export type { Kvm, VcpuRecord } from './host/kvm.ts';
export { DEFAULT_MACHINE, type MachineSpec } from './host/machine.ts';
export { VCPU, VM } from './host/records.ts';
export * as requests from './host/request-bits.ts';
export { MisalignedLockedAccess, UnbackedGpa } from './memory/errors.ts';
export type { Gpa, HostAddress, MemoryPort } from './memory/memory-port.ts';
export { UNBACKED } from './memory/memslots.ts';
export type { AccessMode } from './memory/shared-memory.ts';
export { defineScenario, type ScenarioDefinition } from './scenarios/define-scenario.ts';
export { findScenario, scenarios } from './scenarios/index.ts';
export { INVARIANTS, type Invariant, type InvariantId } from './scenarios/invariants.ts';
export type { Ledger } from './scenarios/ledger.ts';
export type {
  Choices,
  ControlledSpec,
  HostThread,
  HostThreadSpec,
  Mutant,
  OutcomeSpec,
  Program,
  Scenario,
  ThreadSpec,
  VcpuThread,
  VcpuThreadSpec,
} from './scenarios/scenario.ts';
export { mutants } from './zoo/index.ts';
