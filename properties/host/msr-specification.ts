import type { MachineSpec } from '../../src/host/machine.ts';

/** Numbers as section 1 of the interface has them: nothing here comes from the model under test. */
export const INDICES = [
  0x11, 0x12, 0x4b564d00, 0x4b564d01, 0x4b564d02, 0x4b564d03, 0x4b564d04, 0x4b564d05, 0x4b564d06,
  0x4b564d07, 0x4b564d08,
] as const;
export type Index = (typeof INDICES)[number];

/** Feature bit that each MSR needs under enforcement. */
const GATES: Readonly<Record<number, number>> = {
  17: 0,
  18: 0,
  1263947008: 3,
  1263947009: 3,
  1263947010: 4,
  1263947011: 5,
  1263947012: 6,
  1263947013: 12,
  1263947014: 14,
  1263947015: 14,
};
const ASYNC_PF_VMEXIT = 10;
const ASYNC_PF_INT = 14;

const PAGE = 4096n;
const CLOCK_BYTES = 32n;

/** A stretch of guest memory. */
export interface Area {
  readonly gpa: bigint;
  readonly bytes: number;
}

interface VcpuState {
  features: number;
  enforced: boolean;
  systemTime: bigint;
  /** Where the clock is published, which need not be where SYSTEM_TIME says. */
  clockArea: bigint | undefined;
  asyncPfEnable: bigint;
  asyncPfInt: bigint;
  stealTime: bigint;
  pvEoi: bigint;
  pollControl: bigint;
}

function created(features: number, enforced: boolean): VcpuState {
  return {
    features,
    enforced,
    systemTime: 0n,
    clockArea: undefined,
    asyncPfEnable: 0n,
    asyncPfInt: 0n,
    stealTime: 0n,
    pvEoi: 0n,
    pollControl: 1n,
  };
}

/** What a VMM saves and restores; the vector of page-ready goes before what enables it. */
const MIGRATED = [...INDICES].filter((index) => index !== 0x4b564d08).reverse();

/**
 * The MSRs of the interface, by sections 1.0 to 1.10 of its facts: what is refused, what a read gives,
 * what a reset leaves, and which memory the host may write. Independent of the model: values only.
 */
export class MsrSpecification {
  readonly #lapic: boolean;
  readonly #schedInfo: boolean;
  readonly #vcpus: VcpuState[];
  #wallClock = 0n;
  readonly #created: number;
  /** Whether so many bytes at an address are RAM. */
  readonly #backed: (gpa: bigint, bytes: number) => boolean;

  constructor(
    machine: Pick<
      MachineSpec,
      'vcpus' | 'irqchip' | 'features' | 'enforcePvFeatureCpuid' | 'schedInfo'
    >,
    backed: (gpa: bigint, bytes: number) => boolean,
  ) {
    this.#lapic = machine.irqchip !== 'none';
    this.#schedInfo = machine.schedInfo;
    this.#backed = backed;
    this.#created = machine.features;
    this.#vcpus = Array.from({ length: machine.vcpus }, () =>
      created(machine.features, machine.enforcePvFeatureCpuid),
    );
  }

  /** KVM_SET_CPUID2: EAX of the feature leaf. */
  setFeatures(vcpu: number, features: number): void {
    this.#vcpus[vcpu]!.features = features;
  }
  features(vcpu: number): number {
    return this.#vcpus[vcpu]!.features;
  }
  enforced(vcpu: number): boolean {
    return this.#vcpus[vcpu]!.enforced;
  }
  /** Whether the clock of a vCPU is published at all. */
  hasClock(vcpu: number): boolean {
    return this.#vcpus[vcpu]!.clockArea !== undefined;
  }
  /** Where a write of the wall clock goes; every write of either MSR writes it. */
  wallClockArea(): Area {
    return { gpa: this.#wallClock, bytes: 12 };
  }

  /** To a host where all is as created, and then written again by the VMM. */
  migrated(): void {
    const saved = this.#vcpus.map((_, id) => MIGRATED.map((index) => this.read(id, index, true)!));
    this.#wallClock = 0n;
    saved.forEach((values, id) => {
      this.#vcpus[id] = created(this.#created, false);
      MIGRATED.forEach((index, place) => void this.write(id, index, values[place]!, true));
    });
  }
  setEnforced(vcpu: number, enforced: boolean): void {
    this.#vcpus[vcpu]!.enforced = enforced;
  }

  #has(vcpu: number, bit: number): boolean {
    const { enforced, features } = this.#vcpus[vcpu]!;
    return !enforced || ((features >>> bit) & 1) === 1;
  }

  /** Whether KVM knows the MSR, for this vCPU. */
  #known(vcpu: number, index: number): boolean {
    const gate = GATES[index];
    return gate !== undefined && this.#has(vcpu, gate);
  }

  /** RDMSR or KVM_GET_MSRS; undefined where it is refused. */
  read(vcpu: number, index: number, byHost: boolean): bigint | undefined {
    if (!this.#known(vcpu, index)) return byHost && index !== 0x4b564d08 ? 0n : undefined;
    const state = this.#vcpus[vcpu]!;
    switch (index) {
      case 0x11:
      case 0x4b564d00:
        return this.#wallClock;
      case 0x12:
      case 0x4b564d01:
        return state.systemTime;
      case 0x4b564d02:
        return state.asyncPfEnable;
      case 0x4b564d03:
        return state.stealTime;
      case 0x4b564d04:
        return state.pvEoi;
      case 0x4b564d05:
        return state.pollControl;
      case 0x4b564d06:
        return state.asyncPfInt;
      default:
        return 0n;
    }
  }

  /** WRMSR or KVM_SET_MSRS: whether it is accepted. */
  write(vcpu: number, index: number, value: bigint, byHost: boolean): boolean {
    if (!this.#known(vcpu, index)) return byHost && value === 0n && index !== 0x4b564d08;
    const state = this.#vcpus[vcpu]!;
    switch (index) {
      case 0x11:
      case 0x4b564d00:
        this.#wallClock = value;
        return true;
      case 0x12:
      case 0x4b564d01:
        state.systemTime = value;
        this.#moveClock(state, value);
        return true;
      case 0x4b564d02:
        return this.#writeAsyncPfEnable(vcpu, state, value);
      case 0x4b564d03:
        if (!this.#schedInfo || (value & 0x3en) !== 0n) return false;
        state.stealTime = value;
        return true;
      case 0x4b564d04: {
        if ((value & 2n) !== 0n) return false;
        if ((value & 1n) !== 0n && !this.#backed(value & ~1n, 1)) return false;
        state.pvEoi = value;
        return true;
      }
      case 0x4b564d05:
        if (value >> 1n !== 0n) return false;
        state.pollControl = value;
        return true;
      case 0x4b564d06:
        if (value >> 8n !== 0n || !this.#lapic) return false;
        state.asyncPfInt = value;
        return true;
      default:
        return true;
    }
  }

  #writeAsyncPfEnable(vcpu: number, state: VcpuState, value: bigint): boolean {
    if ((value & 0x30n) !== 0n) return false;
    if ((value & 4n) !== 0n && !this.#has(vcpu, ASYNC_PF_VMEXIT)) return false;
    if ((value & 8n) !== 0n && !this.#has(vcpu, ASYNC_PF_INT)) return false;
    if (!this.#lapic) return value === 0n;
    state.asyncPfEnable = value;
    return (value & 9n) !== 9n || this.#backed(value & ~0x3fn, 8);
  }

  /** A page-crossing area is refused silently: the one before it stays. */
  #moveClock(state: VcpuState, value: bigint): void {
    const gpa = value & ~1n;
    if ((value & 1n) === 0n) state.clockArea = undefined;
    else if ((gpa % PAGE) + CLOCK_BYTES <= PAGE) state.clockArea = gpa;
  }

  /** INIT or RESET. */
  reset(vcpu: number): void {
    const state = this.#vcpus[vcpu]!;
    state.systemTime = 0n;
    state.clockArea = undefined;
    state.stealTime = 0n;
    state.asyncPfEnable = 0n;
    state.asyncPfInt = 0n;
    if (this.#lapic) state.pvEoi = 0n;
  }

  /** The memory that the host may write for this vCPU, at any time from now on. */
  areas(vcpu: number): readonly Area[] {
    const { clockArea, stealTime, pvEoi, asyncPfEnable } = this.#vcpus[vcpu]!;
    const areas: Area[] = [];
    if (clockArea !== undefined) areas.push({ gpa: clockArea, bytes: 32 });
    if ((stealTime & 1n) !== 0n) areas.push({ gpa: stealTime & ~0x3fn, bytes: 64 });
    if ((pvEoi & 1n) !== 0n) areas.push({ gpa: pvEoi & ~1n, bytes: 1 });
    if ((asyncPfEnable & 9n) === 9n) areas.push({ gpa: asyncPfEnable & ~0x3fn, bytes: 8 });
    return areas;
  }
}
