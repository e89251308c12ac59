import { GeneralProtectionFault } from '../cpu/faults.ts';
import { Noise } from '../cpu/noise.ts';
import { ThreadHostCpu } from '../cpu/thread-host-cpu.ts';
import { PlainThreadVcpu } from '../cpu/thread-vcpu.ts';
import { StillTick } from '../cpu/time-source.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { type HostOps, referenceHost } from '../host/host-ops.ts';
import { Kvm, type VcpuRecord } from '../host/kvm.ts';
import { KvmVcpu } from '../host/kvm-vcpu.ts';
import { createVm, DEFAULT_MACHINE, type MachineSpec, mapMachine } from '../host/machine.ts';
import { VCPU, VM } from '../host/records.ts';
import { KVM_REQ_MASTERCLOCK_UPDATE } from '../host/requests.ts';
import { getOneMsr, setOneMsr } from '../host/vmm-ioctls.ts';
import { Memslots, UNBACKED } from '../memory/memslots.ts';
import {
  createSharedMemory,
  openSharedMemory,
  type SharedMemory,
} from '../memory/shared-memory.ts';
import { hexOfBytes } from './hex.ts';

/** The memslots of every recording: GPA 0 on, and one more. */
export const RAM_BYTES = 0x20_0000;
const FURTHER_RAM = [{ gpa: 0x5000_0000, bytes: 0x1_0000 }];

/** Ticks between two steps of the recorder: some 40 µs. */
const STEP_TICKS = 100_000n;
/** The host's TSC and realtime when a VM is created: about those of the first recordings. */
const FIRST_TICK = 2_900_000_000_000n;
const REALTIME_OFFSET = 1_795_330_000_000_000_000n;

/** The most vCPUs that a recording has. */
const MOST_VCPUS = 4;

/** What the recorder may choose for a VM. */
export type VmOptions = Partial<
  Pick<MachineSpec, 'vcpus' | 'irqchip' | 'cpuidBase' | 'features' | 'hostTscKhz' | 'tscScaling'>
>;

/**
 * The recorder's VM, driven as it drove /dev/kvm: one thread that is now the VMM and now a vCPU.
 * Time stands still but for {@link RecordedVm.pass}.
 */
export class RecordedVm {
  readonly kvm: Kvm;
  readonly #memory: SharedMemory;
  readonly #slots: Memslots;
  readonly #hypervisors: readonly KvmVcpu[];
  readonly #cpus: readonly PlainThreadVcpu[];

  private constructor(memory: SharedMemory, spec: MachineSpec, ops: HostOps) {
    const map = mapMachine(spec);
    // By 64-bit words: byte by byte it takes most of the time of a replay.
    memory.u64.fill(0n);
    createVm(spec, map, memory);
    const slots = new Memslots(memory, map.memslotTable);
    const tick = map.vm + VM.tick;
    const still = new StillTick(memory, tick);
    const never = { next: () => 0, below: () => 0 };
    const cpu = new ThreadHostCpu(memory, memory, slots, still, map.end, never, tick);
    const kvm = new Kvm(cpu, ops, map.vm);
    const noise = new Noise({ below: (bound) => bound - 1 }, memory, map.end);
    this.#memory = memory;
    this.#slots = slots;
    this.kvm = kvm;
    this.#hypervisors = Array.from(
      { length: spec.vcpus },
      (_, id) => new KvmVcpu(kvm, kvm.vcpu(id)),
    );
    this.#cpus = this.#hypervisors.map((hypervisor, id) => {
      const kick = kvm.vcpu(id) + VCPU.kick;
      return new PlainThreadVcpu(id, memory, cpu, slots, hypervisor, kick, never, noise);
    });
    this.#asCreated();
  }

  /** Memory for any VM of a recording, one after the other. */
  static memory(): SharedMemory {
    const spec = { ...DEFAULT_MACHINE, ramBytes: RAM_BYTES, furtherRam: FURTHER_RAM };
    return openSharedMemory(createSharedMemory(mapMachine(spec, MOST_VCPUS).end + 64), 'plain');
  }

  static create(
    memory: SharedMemory,
    options: VmOptions = {},
    host: Partial<HostOps> = {},
  ): RecordedVm {
    const spec: MachineSpec = {
      ...DEFAULT_MACHINE,
      vcpus: 1,
      ramBytes: RAM_BYTES,
      furtherRam: FURTHER_RAM,
      firstTick: FIRST_TICK,
      realtimeOffset: REALTIME_OFFSET,
      timeSource: 'still-tick',
      tscScaling: false,
      ...options,
    };
    const kHz = [spec.hostTscKhz];
    return new RecordedVm(memory, { ...spec, tscKhz: kHz }, { ...referenceHost, ...host });
  }

  /**
   * The clock of a VM starts at 0 (`kvm_arch_init_vm`), and KVM_CREATE_VCPU only asks for the master
   * clock: the first entry turns it on.
   */
  #asCreated(): void {
    const { kvm } = this;
    const offset = BigInt.asUintN(64, -kvm.ops.bootRawNs(kvm));
    kvm.memory.store64(kvm.vm + VM.kvmclockOffset, offset);
    kvm.memory.store32(kvm.vm + VM.useMasterClock, 0);
    for (let id = 0; id < kvm.vcpuCount; id++) {
      kvm.ops.makeRequest(kvm, kvm.vcpu(id), KVM_REQ_MASTERCLOCK_UPDATE);
    }
  }

  vcpu(id = 0): VcpuRecord {
    return this.kvm.vcpu(id);
  }

  /** Time goes by. */
  pass(ticks = STEP_TICKS): void {
    const tick = this.kvm.vm + VM.tick;
    this.#memory.store64(tick, this.#memory.load64(tick) + ticks);
  }

  /** KVM_RUN of a vCPU whose guest does this, and then exits to the VMM. */
  run<Result>(program: (cpu: Vcpu) => Result, id = 0): Result {
    const cpu = this.#cpus[id]!;
    this.pass();
    this.#hypervisors[id]!.load();
    cpu.start();
    this.pass();
    const result = program(cpu);
    cpu.finish();
    return result;
  }

  /**
   * The same for a guest that may exit to the VMM in the middle of anything, by throwing {@link Exited}:
   * what it was at is forgotten, as by a VMM that then sets other registers.
   */
  runUntilExit(program: (cpu: PlainThreadVcpu) => void, id = 0): number | undefined {
    const cpu = this.#cpus[id]!;
    this.pass();
    cpu.interruptFlag = false;
    cpu.userMode = false;
    this.#hypervisors[id]!.load();
    try {
      cpu.start();
      program(cpu);
    } catch (error) {
      if (!(error instanceof Exited)) throw error;
      return error.port;
    } finally {
      this.#hypervisors[id]!.leaveGuest();
      this.#hypervisors[id]!.endRun();
    }
    return undefined;
  }

  /** The vCPU itself, for whoever installs interrupt handlers. */
  cpu(id = 0): PlainThreadVcpu {
    return this.#cpus[id]!;
  }

  /** A write by KVM_SET_MSRS or by WRMSR: whether it was accepted. */
  write(initiated: 'host' | 'guest', index: number, value: bigint, id = 0): boolean {
    this.pass();
    if (initiated === 'guest') return this.run((cpu) => cpu.wrmsrSafe(index, value), id);
    return setOneMsr(this.kvm, this.vcpu(id), index, value);
  }

  /**
   * The same, but a guest's WRMSR is the last thing its KVM_RUN does: the vCPU is not entered again
   * before the VMM looks.
   */
  writeAndExit(initiated: 'host' | 'guest', index: number, value: bigint, id = 0): boolean {
    if (initiated === 'host') return this.write(initiated, index, value, id);
    const hypervisor = this.#hypervisors[id]!;
    this.pass();
    hypervisor.load();
    hypervisor.beginRun();
    hypervisor.enterGuest(this.#cpus[id]!);
    hypervisor.leaveGuest();
    const accepted = hypervisor.emulateWrmsr(index, value);
    hypervisor.endRun();
    return accepted;
  }

  /** A read by KVM_GET_MSRS or by RDMSR; undefined where it was refused. */
  read(initiated: 'host' | 'guest', index: number, id = 0): bigint | undefined {
    if (initiated === 'host') return getOneMsr(this.kvm, this.vcpu(id), index);
    return this.run((cpu) => rdmsrSafe(cpu, index), id);
  }

  /** The recorder fills guest memory, as far as there is any. */
  fill(gpa: number, bytes: Uint8Array): void {
    bytes.forEach((byte, offset) => {
      const address = this.#slots.translate(gpa + offset, 1);
      if (address !== UNBACKED) this.#memory.store8(address, byte);
    });
  }

  /** Guest memory, up to where it ends. */
  bytes(gpa: number, length: number): Uint8Array {
    const bytes: number[] = [];
    for (let offset = 0; offset < length; offset++) {
      const address = this.#slots.translate(gpa + offset, 1);
      if (address === UNBACKED) break;
      bytes.push(this.#memory.load8(address));
    }
    return Uint8Array.from(bytes);
  }

  /** The same as hex digits. */
  dump(gpa: number, length: number): string {
    return hexOfBytes(this.bytes(gpa, length));
  }
}

/** The guest's OUT: KVM_RUN returns with KVM_EXIT_IO, and this port. */
export class Exited extends Error {
  override readonly name = 'Exited';
  readonly port: number;
  constructor(port: number) {
    super(`the guest wrote port 0x${port.toString(16)}`);
    this.port = port;
  }
}

/** RDMSR with the #GP caught. */
export function rdmsrSafe(cpu: Vcpu, index: number): bigint | undefined {
  try {
    return cpu.rdmsr(index);
  } catch (error) {
    if (error instanceof GeneralProtectionFault) return undefined;
    throw error;
  }
}
