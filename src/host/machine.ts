import {
  KVM_CPUID_SIGNATURE,
  KVM_MIGRATION_READY,
  KVM_POLL_CONTROL_ENABLED,
  KVM_SUPPORTED_FEATURES,
} from '../abi/index.ts';
import { NO_VECTOR, TSC_RATIO_ONE } from '../cpu/hypervisor.ts';
import type { HostAddress, MemoryPort } from '../memory/memory-port.ts';
import { MEMSLOT_TABLE_BYTES, type Memslot, Memslots } from '../memory/memslots.ts';
import { ASYNC_PF } from './async-page-fault-records.ts';
import { cpuidEntries, storeCpuid } from './cpuid.ts';
import { hostPagesBytes } from './host-pages.ts';
import { vmBytes } from './kvm.ts';
import { IRQCHIP_KERNEL, IRQCHIP_NONE, IRQCHIP_SPLIT, VCPU, VM } from './records.ts';

/**
 * What happens around pages that are missing. `task`: a task of user mode uses one, and sleeps. `kernel`:
 * the kernel uses one, and the vCPU waits; `same page`: it uses the latest one. `own fault`: the guest has
 * a page fault of its own. `bring in`: the host brings the oldest page in, on this vCPU's CPU, and other
 * workers begin. On this vCPU's own thread, the VMM moves the VM (`move`) or saves, resets and restores
 * this vCPU (`restore`).
 */
export type PageAction =
  | 'task'
  | 'kernel'
  | 'same page'
  | 'own fault'
  | 'bring in'
  | 'move'
  | 'restore';

/**
 * What a guest does around a live migration. `clock`: compares its clock; `stop`: looks whether it was
 * stopped; `interrupt`: interrupts a vCPU; `convert`: shares pages or takes them back; `page`: uses one
 * that is missing; `withhold`: takes back its leave to be moved for a while. `be moved`: stays in user space
 * until the VMM has moved the VM. `move`: the VMM moves it on this vCPU's own thread.
 */
export type MoveAction =
  | 'clock'
  | 'stop'
  | 'interrupt'
  | 'convert'
  | 'page'
  | 'withhold'
  | 'be moved'
  | 'move';

/** How a vCPU sleeps: until a kick, with its interrupts on or off, or until a handler of its own has run. */
export type SleepKind = 'interrupts on' | 'interrupts off' | 'handler';

/** A machine as data: what a VMM would set before the first KVM_RUN. Plain, so that it crosses threads. */
export interface MachineSpec {
  readonly vcpus: number;
  /** Guest RAM in bytes, whole 4096-byte pages, from GPA 0. */
  readonly ramBytes: number;
  /** Further memslots: GPA and bytes. */
  readonly furtherRam: readonly { readonly gpa: number; readonly bytes: number }[];
  readonly irqchip: 'none' | 'kernel' | 'split';

  /** Frequency of the host's TSC in kHz. */
  readonly hostTscKhz: number;
  /** Frequency of each vCPU's TSC in kHz; the last one stands for the rest. */
  readonly tscKhz: readonly number[];
  /** Offset of each vCPU's TSC in ticks; the last one stands for the rest. */
  readonly tscOffset: readonly bigint[];
  /** Host TSC at the start, in ticks. */
  readonly firstTick: bigint;
  /** Whether the host's clocksource is the TSC. */
  readonly clocksourceIsTsc: boolean;
  /** Whether KVM found all vCPUs' TSCs synchronised. */
  readonly vcpusMatchedTsc: boolean;
  /** What the host's raw clock shows where its TSC is 0, ns: both start when it boots, or not. */
  readonly rawClockBoot: bigint;
  /** How much faster the host's raw clock runs than its TSC's nominal frequency, in parts per million. */
  readonly rawClockPpm: number;
  /** Ticks that pass at most between the host's reading of its TSC and of its clock. */
  readonly samplingGap: number;
  /** CLOCK_REALTIME when the raw clock was 0, ns since 1970. */
  readonly realtimeOffset: bigint;

  /** EAX of the KVM feature leaf. */
  readonly features: number;
  /** EDX of the KVM feature leaf. */
  readonly hints: number;
  /** Base of the KVM leaves; 0 for none. */
  readonly cpuidBase: number;
  readonly enforcePvFeatureCpuid: boolean;
  /** Whether the host's hardware can scale a guest's TSC. */
  readonly tscScaling: boolean;
  /** Whether the host keeps scheduler statistics; without them there is no steal time. */
  readonly schedInfo: boolean;
  /** KVM's module parameter: accesses to MSRs that it does not know do nothing. */
  readonly ignoreMsrs: boolean;
  /** KVM's module parameter `halt_poll_ns`, in looks: how often the host looks for work before it blocks. */
  readonly haltPolls: number;
  /** Whether the guest's memory is encrypted. */
  readonly encrypted: boolean;

  /** What the version words of shared areas hold before the guest registers them. */
  readonly initialVersion: number;
  /** What RDTSC counts; see `cpu/time-source.ts`. */
  readonly timeSource: 'shared-tick' | 'still-tick' | 'monotonic';
  /** Whether exits may come at any step of a vCPU, not only where it is kicked. */
  readonly exitsAnywhere: boolean;
  /** How long host threads idle between two actions, at most, in spins. */
  readonly updateInterval: number;
  /** Vectors that devices raise, in turn. */
  readonly vectors: readonly number[];
  /** MSR writes that vCPU 0 mixes into its work, in turn. */
  readonly msrWrites: readonly { readonly index: number; readonly value: bigint }[];
  /** What the tasks of a vCPU do with pages that are missing, each while those before it sleep; empty: drawn. */
  readonly pageActions: readonly PageAction[];
  /**
   * What each vCPU does around a live migration; empty: drawn. Unless `move` is one of them, a thread of
   * the VMM's own moves the VM.
   */
  readonly moveActions: readonly MoveAction[];
  /** How a vCPU that halts sleeps, in turn; empty: drawn. */
  readonly sleeps: readonly SleepKind[];
  /** How many vCPUs write the wall clock MSR. KVM has no lock there: more than one is a trigger. */
  readonly wallClockWriters: number;
  /**
   * When a guest gives the memory of its PV EOI word back. KVM takes a word that it cannot read for an EOI,
   * and its offer stays: before PV EOI is off is a trigger.
   */
  readonly pvEoiUnplug: 'when it is off' | 'before the EOI' | 'after the EOI';
}

/** A small, well-synchronised machine: 2 vCPUs, 1 MiB, 2.3 GHz, everything that KVM offers. */
export const DEFAULT_MACHINE: MachineSpec = {
  vcpus: 2,
  ramBytes: 1 << 20,
  furtherRam: [],
  irqchip: 'kernel',
  hostTscKhz: 2_300_000,
  tscKhz: [2_300_000],
  tscOffset: [0n],
  firstTick: 1_000_000n,
  clocksourceIsTsc: true,
  vcpusMatchedTsc: true,
  rawClockBoot: 0n,
  rawClockPpm: 0,
  samplingGap: 0,
  realtimeOffset: 1_700_000_000_000_000_000n,
  features: KVM_SUPPORTED_FEATURES,
  hints: 0,
  cpuidBase: KVM_CPUID_SIGNATURE,
  enforcePvFeatureCpuid: false,
  tscScaling: true,
  schedInfo: true,
  ignoreMsrs: false,
  haltPolls: 64,
  encrypted: false,
  initialVersion: 0,
  timeSource: 'shared-tick',
  exitsAnywhere: false,
  updateInterval: 200,
  vectors: [0x31, 0x52, 0x83],
  msrWrites: [],
  pageActions: [],
  moveActions: [],
  sleeps: [],
  wallClockWriters: 1,
  pvEoiUnplug: 'when it is off',
};

/** Where the pieces of a machine are in its shared memory. */
export interface MachineMap {
  /** Bytes of guest RAM, at host address 0. */
  readonly guestBytes: number;
  readonly memslotTable: HostAddress;
  readonly vm: HostAddress;
  /** First byte after the machine; engines put what is theirs from here on. */
  readonly end: HostAddress;
}

const IRQCHIPS = { none: IRQCHIP_NONE, kernel: IRQCHIP_KERNEL, split: IRQCHIP_SPLIT };

/**
 * Places a machine in memory: guest RAM first, then the memslot table, then KVM's records.
 *
 * @param records how many vCPU records to reserve; at least `spec.vcpus`
 */
export function mapMachine(spec: MachineSpec, records = spec.vcpus): MachineMap {
  const guestBytes = spec.furtherRam.reduce((bytes, slot) => bytes + slot.bytes, spec.ramBytes);
  const memslotTable = guestBytes;
  const vm = align(memslotTable + MEMSLOT_TABLE_BYTES);
  const end = align(hostPagesAt(spec, vm, records) + hostPagesBytes(guestBytes));
  return { guestBytes, memslotTable, vm, end };
}

/** Behind the vCPU records: what each vCPU has for asynchronous page faults. */
function asyncPfAt(vm: HostAddress, records: number): HostAddress {
  return align(vm + vmBytes(records));
}

/** And behind that: the table of guest pages. */
function hostPagesAt(spec: MachineSpec, vm: HostAddress, records: number): HostAddress {
  return asyncPfAt(vm, records) + spec.vcpus * ASYNC_PF.bytes;
}

/** The memslots of a machine, RAM at GPA 0 first. */
export function memslotsOf(spec: MachineSpec): Memslot[] {
  let address = spec.ramBytes;
  const slots: Memslot[] = [{ gpa: 0, bytes: spec.ramBytes, address: 0 }];
  for (const { gpa, bytes } of spec.furtherRam) {
    slots.push({ gpa, bytes, address });
    address += bytes;
  }
  return slots;
}

/** Creates the VM and its vCPUs in zeroed memory, as a VMM does before the first KVM_RUN. */
export function createVm(
  spec: MachineSpec,
  map: MachineMap,
  memory: MemoryPort,
  records = spec.vcpus,
): void {
  new Memslots(memory, map.memslotTable).replace(memslotsOf(spec));
  createRecords(spec, map.vm, memory, records);
}

/** The host's side of it: KVM_CREATE_VM and KVM_CREATE_VCPU, in records that are zero. */
export function createRecords(
  spec: MachineSpec,
  vm: HostAddress,
  memory: MemoryPort,
  records = spec.vcpus,
): void {
  memory.store64(vm + VM.tick, spec.firstTick);
  memory.store32(vm + VM.hostTscKhz, spec.hostTscKhz);
  memory.store32(vm + VM.clocksourceIsTsc, spec.clocksourceIsTsc ? 1 : 0);
  memory.store64(vm + VM.rawClockNumerator, BigInt(1_000_000 + spec.rawClockPpm));
  memory.store64(vm + VM.rawClockDenominator, BigInt(spec.hostTscKhz));
  memory.store64(vm + VM.rawClockBoot, BigInt.asUintN(64, spec.rawClockBoot));
  memory.store64(vm + VM.realtimeOffset, spec.realtimeOffset);
  memory.store32(vm + VM.samplingGap, spec.samplingGap);
  memory.store32(vm + VM.vcpus, spec.vcpus);
  memory.store32(vm + VM.irqchip, IRQCHIPS[spec.irqchip]);
  memory.store32(vm + VM.vcpusMatchedTsc, spec.vcpusMatchedTsc ? 1 : 0);
  memory.store32(vm + VM.tscScaling, spec.tscScaling ? 1 : 0);
  memory.store32(vm + VM.noSchedInfo, spec.schedInfo ? 0 : 1);
  memory.store32(vm + VM.ignoreMsrs, spec.ignoreMsrs ? 1 : 0);
  memory.store32(vm + VM.haltPolls, spec.haltPolls);
  memory.store32(vm + VM.encrypted, spec.encrypted ? 1 : 0);
  // The VMM's own register: an encrypted guest first tells what it shares.
  memory.store64(vm + VM.migrationControl, spec.encrypted ? 0n : KVM_MIGRATION_READY);
  // Creating vCPUs with matching TSCs turns the master clock on: `kvm_track_tsc_matching`.
  if (spec.clocksourceIsTsc && spec.vcpusMatchedTsc) {
    memory.store32(vm + VM.useMasterClock, 1);
    memory.store64(vm + VM.masterCycleNow, spec.firstTick);
    const numerator = BigInt(1_000_000 + spec.rawClockPpm);
    const sinceBoot = (spec.firstTick * numerator) / BigInt(spec.hostTscKhz);
    memory.store64(vm + VM.masterKernelNs, BigInt.asUintN(64, sinceBoot + spec.rawClockBoot));
  }
  startTscGeneration(spec, vm, memory);
  memory.store32(vm + VM.hostPages, hostPagesAt(spec, vm, records));
  for (let id = 0; id < records; id++) {
    createVcpu(spec, vm, id, memory);
    // More records than vCPUs are instances of the same vCPUs, side by side.
    const asyncPf = asyncPfAt(vm, records) + (id % spec.vcpus) * ASYNC_PF.bytes;
    memory.store32(vm + vmBytes(id) + VCPU.asyncPf, asyncPf);
  }
}

/** What the creation of the vCPUs leaves behind for later writes of their TSCs. */
function startTscGeneration(spec: MachineSpec, vm: HostAddress, memory: MemoryPort): void {
  const kHz = perVcpu(spec.tscKhz, spec.vcpus - 1);
  const offset = perVcpu(spec.tscOffset, spec.vcpus - 1);
  memory.store64(vm + VM.tscGeneration, spec.vcpusMatchedTsc ? 1n : BigInt(spec.vcpus));
  memory.store64(vm + VM.tscOffsetOfGeneration, BigInt.asUintN(64, offset));
  memory.store32(vm + VM.vcpusMatched, spec.vcpusMatchedTsc ? spec.vcpus - 1 : 0);
  memory.store32(vm + VM.lastTscKhz, kHz);
}

function createVcpu(spec: MachineSpec, vm: HostAddress, id: number, memory: MemoryPort): void {
  const vcpu = vm + vmBytes(id);
  const kHz = perVcpu(spec.tscKhz, id);
  memory.store32(vcpu + VCPU.id, id);
  memory.store32(vcpu + VCPU.tscKhz, kHz);
  memory.store64(vcpu + VCPU.tscOffset, BigInt.asUintN(64, perVcpu(spec.tscOffset, id)));
  memory.store64(vcpu + VCPU.tscRatio, (BigInt(kHz) * TSC_RATIO_ONE) / BigInt(spec.hostTscKhz));
  memory.store32(vcpu + VCPU.virtualTscKhz, kHz);
  memory.store64(vcpu + VCPU.tscGeneration, spec.vcpusMatchedTsc ? 1n : BigInt(id + 1));
  memory.store64(vcpu + VCPU.pollControl, KVM_POLL_CONTROL_ENABLED);
  storeCpuid(memory, vm, vcpu, cpuidEntries(spec.cpuidBase, spec.features, spec.hints));
  memory.store32(vcpu + VCPU.enforcePvFeatureCpuid, spec.enforcePvFeatureCpuid ? 1 : 0);
  memory.store32(vcpu + VCPU.apicEnabled, 1);
  memory.store32(vcpu + VCPU.highestIsrCache, NO_VECTOR);
  memory.store32(vcpu + VCPU.injectedVector, NO_VECTOR);
}

/** The value of one vCPU: the last one stands for the rest. */
export function perVcpu<Value>(values: readonly Value[], id: number): Value {
  const value = values[Math.min(id, values.length - 1)];
  if (value === undefined) throw new RangeError('Expected at least one value per vCPU, got none.');
  return value;
}

function align(address: number): number {
  return Math.ceil(address / 64) * 64;
}
