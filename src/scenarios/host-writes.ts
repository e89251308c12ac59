import { KVM_STEAL_TIME_BYTES } from '../abi/kvm-steal-time.ts';
import { KVM_VCPU_PV_APF_DATA_BOUND_BYTES } from '../abi/kvm-vcpu-pv-apf-data.ts';
import {
  KVM_ASYNC_PF_ADDRESS_MASK,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_ENABLED,
  KVM_MSR_ENABLED,
  KVM_PV_EOI_ADDRESS_MASK,
  KVM_STEAL_VALID_BITS,
} from '../abi/msr.ts';
import { PVCLOCK_VCPU_TIME_INFO_BYTES } from '../abi/pvclock-vcpu-time-info.ts';
import { PVCLOCK_WALL_CLOCK_BYTES } from '../abi/pvclock-wall-clock.ts';
import type { HostOps } from '../host/host-ops.ts';
import { Kvm, type VcpuRecord } from '../host/kvm.ts';
import { mapMachine } from '../host/machine.ts';
import { VCPU } from '../host/records.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { GuardedMemory } from './guarded-memory.ts';
import type { HostThread, VcpuThread } from './scenario.ts';

type Operation = (...args: unknown[]) => unknown;

/** An area of one mechanism: which register enables it, where it is, how long. */
interface Area {
  readonly register: number;
  readonly enabled: bigint;
  readonly address: bigint;
  readonly bytes: number;
}

const AREAS: readonly Area[] = [
  {
    register: VCPU.stealTime,
    enabled: KVM_MSR_ENABLED,
    address: KVM_STEAL_VALID_BITS,
    bytes: KVM_STEAL_TIME_BYTES,
  },
  {
    register: VCPU.pvEoi,
    enabled: KVM_MSR_ENABLED,
    address: KVM_PV_EOI_ADDRESS_MASK,
    bytes: 1,
  },
  {
    register: VCPU.apfMsrEn,
    enabled: KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT,
    address: KVM_ASYNC_PF_ADDRESS_MASK,
    bytes: KVM_VCPU_PV_APF_DATA_BOUND_BYTES,
  },
];

/**
 * Checks M1 at every single write of the host into guest memory: it is inside an area that this
 * thread's own vCPU has enabled. Nobody else changes what that vCPU has enabled, so the look is exact.
 * The wall clock has no enable bit: a write by its MSR, at that address, is all right.
 *
 * Goes around everything else: whatever operation is called is given a host whose memory is guarded.
 */
export function guardHostWrites(ops: HostOps, thread: HostThread): HostOps {
  const { guestBytes } = mapMachine(thread.machine);
  const { vcpu } = thread as HostThread & { readonly vcpu?: VcpuRecord };
  let own = vcpu;
  let wallClock = -1;
  let guarded: Kvm | undefined;

  const beforeWrite = (address: HostAddress, bytes: number): void => {
    if (address >= guestBytes) return;
    own ??= (thread as Partial<VcpuThread>).vcpu;
    if (wallClock >= 0 && contains(wallClock, PVCLOCK_WALL_CLOCK_BYTES, address, bytes)) return;
    if (own !== undefined && isEnabled(thread.kvm, own, address, bytes)) return;
    thread.violated(
      'M1',
      `The host wrote ${bytes} bytes at host address 0x${address.toString(16)} of guest memory, which is in no area that this vCPU has enabled.`,
    );
  };
  const guard = (kvm: Kvm): Kvm => {
    guarded ??= Object.create(kvm, {
      memory: { value: new GuardedMemory(kvm.memory, beforeWrite) },
    }) as Kvm;
    return guarded;
  };
  // As plain as it can be: engines that explore build this anew for each run of a program.
  const all: Record<string, Operation> = {};
  for (const [name, operation] of Object.entries(ops) as [string, Operation][]) {
    all[name] = (first, ...others) =>
      operation(first instanceof Kvm ? guard(first) : first, ...others);
  }
  const guarding = all as unknown as HostOps;
  const { writeWallClock } = guarding;
  guarding.writeWallClock = (kvm, value) => {
    wallClock = kvm.cpu.translate(Number(value), 1);
    writeWallClock(kvm, value);
    wallClock = -1;
  };
  return guarding;
}

function isEnabled(kvm: Kvm, vcpu: VcpuRecord, address: HostAddress, bytes: number): boolean {
  const { memory, cpu } = kvm;
  // Both: after a page-crossing address, which KVM refuses, the one before it stays in the cache.
  const clock = (memory.load64(vcpu + VCPU.systemTime) & KVM_MSR_ENABLED) !== 0n;
  if (clock && memory.load32(vcpu + VCPU.pvclockActive) !== 0) {
    const gpa = Number(memory.load64(vcpu + VCPU.pvclockGpa));
    const area = cpu.translate(gpa, PVCLOCK_VCPU_TIME_INFO_BYTES);
    if (contains(area, PVCLOCK_VCPU_TIME_INFO_BYTES, address, bytes)) return true;
  }
  return AREAS.some((area) => {
    const value = memory.load64(vcpu + area.register);
    if ((value & area.enabled) !== area.enabled) return false;
    const start = cpu.translate(Number(value & area.address), area.bytes);
    return contains(start, area.bytes, address, bytes);
  });
}

/** Whether a write lies inside an area; one that is not there contains nothing. */
function contains(area: HostAddress, length: number, address: HostAddress, bytes: number): boolean {
  return area >= 0 && address >= area && address + bytes <= area + length;
}
